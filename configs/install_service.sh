#!/bin/sh
# Installs the service of one account, its timer, its page and its alerts for one user: `make install-service`, or with
# another configuration `CONFIG=configs/mine.yaml make install-service`, once for each account.
# Takes over the service that version 0.2.0 installed. Says what it does, asks for no root.
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

account_of() { # CONFIG: prints its account, or says why there is none
    (cd "$project" && .venv/bin/python -m daemon.cli.unit_account "$1")
}
wants_page() { # CONFIG: prints yes if its web.enabled is true
    (cd "$project" && .venv/bin/python -m daemon.cli.unit_account "$1" web)
}
wants_alerts() { # CONFIG: prints yes if its alerts.enabled is true and no page sends them
    (cd "$project" && .venv/bin/python -m daemon.cli.unit_account "$1" alerts)
}
account=$(account_of "$config") || refuse "$config: has no account to install a service for; see above"

write_unit() { # UNIT ACCOUNT CONFIG
    # A user's manager may not change users, mounts or capabilities: those lines are for the system's.
    # The alerts' addresses are read where they are.
    sed -E \
        -e '/^LoadCredential=channels/d' \
        -e '/^(User|ReadWritePaths|Protect[A-Za-z]*|Private[A-Za-z]*|ProcSubset|RemoveIPC|CapabilityBoundingSet|AmbientCapabilities)=/d' \
        -e "s|/opt/run_fno_paper|$project|g" \
        -e "s|configs/%i\.yaml|$3|" \
        -e "s|/etc/run_fno_paper/kite\.json|$login|" \
        -e 's|^WantedBy=multi-user\.target|WantedBy=default.target|' \
        "$project/configs/$1@.service" > "$units/$1@$2.service"
}

write_units() { # ACCOUNT CONFIG
    write_unit run_fno_paper "$1" "$2"
    write_unit run_fno_paper-web "$1" "$2"
    cp "$project/configs/run_fno_paper@.timer" "$units/run_fno_paper@$1.timer"
    echo "wrote $units/run_fno_paper@$1.service, run_fno_paper@$1.timer and run_fno_paper-web@$1.service"
}

set_page() { # ACCOUNT CONFIG: the page is on if the configuration says so
    page=run_fno_paper-web@$1.service
    if [ "$(wants_page "$2")" = yes ]; then
        systemctl --user enable --now "$page"
        echo "the page of $1 is on (web.enabled): systemctl --user status $page"
    elif [ -e "$units/default.target.wants/$page" ]; then
        systemctl --user disable --now "$page"
        echo "the page of $1 is off (web.enabled)"
    fi
}

set_alerts() { # ACCOUNT CONFIG: what sends alerts is installed and on if the configuration says so and there is no page
    follow=run_fno_paper-follow@$1.service
    if [ "$(wants_alerts "$2")" = yes ]; then
        write_unit run_fno_paper-follow "$1" "$2"
        systemctl --user daemon-reload
        systemctl --user enable --now "$follow"
        echo "the alerts of $1 are on (alerts.enabled): systemctl --user status $follow"
    elif [ -e "$units/$follow" ]; then
        systemctl --user disable --now "$follow"
        rm "$units/$follow"
        echo "$follow is off: there are no alerts (alerts.enabled), or the page sends them (web.enabled)"
    fi
}

# Version 0.2.0 had one service, run_fno_paper: its account goes on under its own name.
old=$units/run_fno_paper
old_account=
if [ -f "$old.service" ]; then
    old_config=$(sed -n 's/^ExecStart=.* --config \([^ ]*\).*/\1/p' "$old.service")
    if [ "$old_config" = "$config" ]; then
        old_account=$account
    else
        old_account=$(account_of "$old_config") || refuse "$old.service: its configuration $old_config cannot be read (see above), so its account is not known; mend it, or remove the unit"
    fi
fi

mkdir -p "$units"
write_units "$account" "$config"
if [ -n "$old_account" ]; then
    if [ "$old_account" != "$account" ]; then
        write_units "$old_account" "$old_config"
    fi
    own=$units/run_fno_paper@$old_account.service.d
    if [ -d "$old.service.d" ] && [ ! -d "$own" ]; then # the user's own settings
        cp -r "$old.service.d" "$own"
    fi
    if [ -f "$old.timer" ]; then
        systemctl --user disable --now run_fno_paper.timer
        rm "$old.timer"
    fi
    if systemctl --user is-active --quiet run_fno_paper.service; then
        echo "run_fno_paper.service is run_fno_paper@$old_account from its next start on; it is running, so it goes on under the old name until it ends, and the next make install-service removes it"
    else
        rm -rf "$old.service" "$old.service.d"
        echo "run_fno_paper.service is run_fno_paper@$old_account now: the old timer is off, the old files are gone"
    fi
fi
systemctl --user daemon-reload
systemctl --user enable --now "run_fno_paper@$account.timer"
if [ -n "$old_account" ] && [ "$old_account" != "$account" ]; then
    systemctl --user enable --now "run_fno_paper@$old_account.timer"
    set_alerts "$old_account" "$old_config"
    set_page "$old_account" "$old_config"
fi
set_alerts "$account" "$config"
set_page "$account" "$config"
echo "the timer is on: every morning at 08:45 IST the daemon starts, and ends at once if there is no session"
[ -f "$login" ] || echo "no login yet: .venv/bin/run_fno_paper login writes $login (each morning, before 08:45)"
echo "to start it now:            systemctl --user start run_fno_paper@$account"
echo "to see what it does:        systemctl --user status run_fno_paper@$account"
echo "to take it out again:       systemctl --user disable --now run_fno_paper@$account.timer run_fno_paper-web@$account.service && rm $units/run_fno_paper@$account.* $units/run_fno_paper-web@$account.service"
echo "to run while logged out:    loginctl enable-linger"
