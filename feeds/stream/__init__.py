"""Handle streams of ticks between a source and the engine: blocks, order, pace, quality."""
