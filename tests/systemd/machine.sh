#!/bin/sh
# Becomes a machine: this file system under an overlay, namespaces of its own, systemd as its first
# process. Called by tests/systemd/machine.py within `unshare`; nothing that it writes stays.
#   machine.sh PLACE FILES PYTHON LIBRARIES
# PLACE becomes the machine, FILES is copied over its root, PYTHON is an installation's prefix and
# LIBRARIES the lib directory of a virtual environment that goes with it.
set -eu
place=$1 files=$2 python=$3 libraries=$4
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$place"
mkdir "$place/upper" "$place/work" "$place/root"
mount -t overlay -o "lowerdir=/,upperdir=$place/upper,workdir=$place/work" overlay "$place/root"
cd "$place/root"
# Out of /root and /home, which the unit does not see.
program=opt/run_fno_paper
mkdir -p opt/python "$program/.venv/lib"
mount --bind "$python" opt/python
mount --bind "$libraries" "$program/.venv/lib"
cp -a "$files/." .
# An interpreter that was built with its library where the unit does not look.
echo /opt/python/lib > etc/ld.so.conf.d/000-python.conf
chroot . ldconfig
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
for each in null zero full random urandom tty; do
    touch "dev/$each"
    mount --bind "/dev/$each" "dev/$each"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mkdir -p .before
pivot_root . .before
umount -l /.before
ip link set lo up
mount --make-rshared / # else a unit's credentials never reach it
# Only what is asked for starts.
rm -rf etc/systemd/system/*.wants
exec env -i container=fno PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --unit=machine.target --show-status=0
