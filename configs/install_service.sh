#!/bin/sh
# Installs the service and its timer for one user: `make install-service`, or with another
# configuration `CONFIG=configs/mine.yaml make install-service`. Says what it does, asks for no root.
set -eu
project=$(cd "$(dirname "$0")/.." && pwd)
config=${CONFIG:-configs/live.yaml}
settings=${XDG_CONFIG_HOME:-$HOME/.config}
units=$settings/systemd/user
login=$settings/run_fno_paper/kite.json

refuse() {
    echo "install-service: $1" >&2
    exit 1
}
command -v systemctl > /dev/null || refuse "systemctl is not here; run the daemon by hand: .venv/bin/run_fno_paper --config $config"
systemctl --user show-environment > /dev/null 2>&1 || refuse "your user's service manager does not answer; log in as that user (not with su or sudo) and try again"
[ -f "$project/$config" ] || [ -f "$config" ] || refuse "$config: no such configuration"
# The service's working directory is the project's: a path from another one is written in full.
case $config in
    /*) ;;
    *) [ -f "$project/$config" ] || config=$(pwd)/$config ;;
esac
[ -x "$project/.venv/bin/run_fno_paper" ] || refuse "the program is not installed; run make setup first"
case $project$config$settings in
    *[!A-Za-z0-9_./-]*) refuse "$project, $config: a path of other characters than letters, digits and _ . / - cannot be in a unit" ;;
esac

mkdir -p "$units"
# A user's manager may not change users, mounts or capabilities: those lines are for the system's.
sed -E \
    -e '/^(User|ReadWritePaths|Protect[A-Za-z]*|Private[A-Za-z]*|ProcSubset|RemoveIPC|CapabilityBoundingSet|AmbientCapabilities)=/d' \
    -e "s|/opt/run_fno_paper|$project|g" \
    -e "s|configs/live\.yaml|$config|" \
    -e "s|/etc/run_fno_paper/kite\.json|$login|" \
    -e 's|^WantedBy=multi-user\.target|WantedBy=default.target|' \
    "$project/configs/run_fno_paper.service" > "$units/run_fno_paper.service"
cp "$project/configs/run_fno_paper.timer" "$units/run_fno_paper.timer"
echo "wrote $units/run_fno_paper.service and run_fno_paper.timer"
systemctl --user daemon-reload
systemctl --user enable --now run_fno_paper.timer
echo "the timer is on: every morning at 08:45 IST the daemon starts, and ends at once if there is no session"
[ -f "$login" ] || echo "no login yet: .venv/bin/run_fno_paper login writes $login (each morning, before 08:45)"
echo "to start it now:            systemctl --user start run_fno_paper"
echo "to see what it does:        systemctl --user status run_fno_paper"
echo "to take it out again:       systemctl --user disable --now run_fno_paper.timer && rm $units/run_fno_paper.*"
echo "to run while logged out:    loginctl enable-linger"
