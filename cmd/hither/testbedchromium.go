package main

import (
	"fmt"
	"strings"
)

// wrapperName is what the program that starts Chromium in a bed is called.
const wrapperName = "hither-chromium"

// wrapper is that program. Whatever drives a browser starts it as if it were one: with
// flags of its own, at descriptors 3 and 4 a pipe.
type wrapper struct {
	chromium string   // a path; "": there is none
	flags    []string // of the bed
	environ  []string // of the bed
	scratch  string   // a folder, for user data and what else is written
}

// script is the wrapper as a POSIX shell script.
//
// Of two flags of one name Chromium takes the last: those of the bed come first, so
// that a caller's window size or user data count. Two lists are joined instead, since
// without the bed's part nothing works. Chromium trusts the bed's certificate only
// with user data that it is told of, so there always are some. Without a window
// there is no dialog: --headless goes.
func (w wrapper) script() string {
	var b strings.Builder
	b.WriteString("#!/bin/sh\n# Starts Chromium in a Hither test bed. Made by hither testbed; it ends with the bed.\n")
	if w.chromium == "" {
		b.WriteString("echo " + quoted(wrapperName+": chromium is missing: apt-get install chromium") + " >&2\nexit 127\n")
		return b.String()
	}
	var rest []string
	lists := map[string]string{"--host-resolver-rules": "", "--ignore-certificate-errors-spki-list": ""}
	for _, flag := range w.flags {
		name, value, _ := strings.Cut(flag, "=")
		if _, joined := lists[name]; joined {
			lists[name] = value
			continue
		}
		rest = append(rest, quoted(flag))
	}
	for _, variable := range w.environ {
		name, value, _ := strings.Cut(variable, "=")
		fmt.Fprintf(&b, "export %s=%s\n", name, quoted(value))
	}
	fmt.Fprintf(&b, "export TMPDIR=%s\nchromium=%s\nrules=%s\npins=%s\n", quoted(w.scratch), quoted(w.chromium),
		quoted(lists["--host-resolver-rules"]), quoted(lists["--ignore-certificate-errors-spki-list"]))
	b.WriteString(wrapperBody)
	fmt.Fprintf(&b, "exec \"$chromium\" %s \\\n\t\"--host-resolver-rules=$rules\" \"--ignore-certificate-errors-spki-list=$pins\" \"$@\"\n", strings.Join(rest, " "))
	return b.String()
}

// quoted is a text as a single word of a shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

const wrapperBody = `
# The browser under test has no business with them.
unset HITHER_TESTBED_URL HITHER_TESTBED_TOKEN WAYLAND_DISPLAY

# Whatever the user data are, it would write to the home directory, too, and take the
# desktop's settings from there. It stays there to be read: certificates may be in it.
export BREAKPAD_DUMP_LOCATION="$TMPDIR/crashes" GSETTINGS_BACKEND=memory

# Each argument is taken from the front and put to the end again, or not.
own_rules= own_pins= data= flags=yes left=$#
while [ "$left" -gt 0 ]; do
	argument=$1
	shift
	left=$((left - 1))
	case $flags:$argument in
	yes:--) flags= ;;
	yes:--headless | yes:--headless=* | yes:-headless | yes:-headless=*) continue ;;
	yes:--host-resolver-rules=* | yes:-host-resolver-rules=*) own_rules=${argument#*=} && continue ;;
	yes:--ignore-certificate-errors-spki-list=* | yes:-ignore-certificate-errors-spki-list=*) own_pins=${argument#*=} && continue ;;
	yes:--user-data-dir=?* | yes:-user-data-dir=?*) data=yes ;;
	esac
	set -- "$@" "$argument"
done
rules=$rules${own_rules:+, $own_rules}
pins=$pins${own_pins:+,$own_pins}
if [ -z "$data" ]; then
	profile=$(mktemp -d) || exit
	set -- "--user-data-dir=$profile" "$@"
fi
`
