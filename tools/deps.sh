#!/usr/bin/env bash
# Looks for what the tests need beyond Go, and installs what a Debian machine lacks: as root through apt-get, otherwise
# by telling you the one command to run. Needs nothing and says nothing when everything is there.
set -euo pipefail

say() { printf 'deps: %s\n' "$*" >&2; }

have() { command -v "$1" >/dev/null 2>&1; }

# A compiler without the C library's headers is what --no-install-recommends leaves behind: try it.
compiles() { have gcc && echo '#include <stdlib.h>' | gcc -x c -fsyntax-only - >/dev/null 2>&1; }

browser() { [ -n "${HITHER_TEST_CHROMIUM:-}" ] || have chromium || have chromium-browser || have google-chrome; }

# Not ours to install: their version matters, and Debian's is too old.
if ! have node || ! have npm; then
  say "Node.js 20 or newer with npm is needed for the tests (not to build or run hitherd): see https://nodejs.org/"
  exit 1
fi
if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
  say "Node.js $(node --version) is too old: 20 or newer is needed for the tests"
  exit 1
fi

missing=()
compiles || missing+=(gcc libc6-dev) # the race detector is C
browser || missing+=(chromium)       # the browser tests
have chromedriver || missing+=(chromium-driver) # WebDriver, for a browser on a test bed
have dbus-daemon || missing+=(dbus)   # a bus for the fake BlueZ
have Xvfb || missing+=(xvfb)           # a screen in memory, for a browser with a window
have xdotool || missing+=(xdotool)     # a keyboard for that: what is pressed in the browser's own dialogs
/usr/bin/python3 -c 'import dbusmock' >/dev/null 2>&1 || missing+=(python3-dbusmock) # another one, for a second opinion
have tmux || missing+=(tmux)           # a terminal, and somebody who looks at it
have openssl || missing+=(openssl)    # certificates for two of their domains
have systemd-analyze || missing+=(systemd)
/usr/bin/python3 -c 'import fido2.ctap2' >/dev/null 2>&1 || missing+=(python3-fido2) # what another implementation reads and writes
for proxy in nginx caddy haproxy; do # in front of hitherd, in the tests of deploy
  have $proxy || [ -x /usr/sbin/$proxy ] || missing+=($proxy)
done
[ -x /usr/sbin/apache2 ] || missing+=(apache2-bin)
[ ${#missing[@]} -eq 0 ] && exit 0

install=(apt-get install -y --no-install-recommends "${missing[@]}")
if ! have apt-get; then
  say "please install what these Debian packages hold: ${missing[*]}"
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  say "please run: sudo apt-get update && sudo ${install[*]}"
  exit 1
fi
say "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# Debian starts a server when it installs one. These are for tests.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod 755 $policy
fi
apt-get update -qq
"${install[@]}" -qq >/dev/null
if [ -d /run/systemd/system ]; then
  for proxy in nginx caddy haproxy; do
    [[ " ${missing[*]} " != *" $proxy "* ]] || systemctl -q disable $proxy
  done
fi
