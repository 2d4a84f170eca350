"""`make bench`: speed and memory in one table, each figure next to the floor that bounds it.

A *case* is a function of a module here that does the work once and returns `seconds` and what it
counted, such as `ticks`; it runs in a process of its own. A *part* is a module of `parts/`: its
`rows(bench)` runs cases and yields a `Row` for each figure. To add a row:

1. Write the case, say `many_cases.quiet(path: Path, count: int) -> dict[str, Any]`. Its arguments
   are converted by their annotations (`int`, `str`, `Path`).
2. Write `parts/many.py` with `def rows(bench: Bench) -> Iterator[Row]`, or add to a part:

       found = bench.case("many_cases.quiet", bench.file(SMALL_TICKS), 1_000)
       floor = bench.case("floors.parquet_read", bench.file(SMALL_TICKS)).rate()
       yield Row("Instruments", "1,000", found.rate(), "ticks/s", ">= 2,000,000", floor=floor)

   The file's name is the part's: `python -m tests.bench --only many`. Nothing is registered.
3. Give a `floor` wherever one can be measured: it is taken in the same run, and a comparison with
   an earlier run (`make bench-compare`) is then one of shares, whatever the machine's speed was.
   A goal begins with `>=`, `<=` or `<`; it says which way is better where the unit does not.

On a machine that others use, measure processor time in the case (`time.process_time()`), or take
`Runs.cpus`, the processor seconds of whole processes, and say so in the row's name.
"""
