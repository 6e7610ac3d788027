package testbed

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// ChromiumFlags are what Chromium needs on its command line to be in this bed, beside
// [Bed.Environ]. They say where tunnel services are and whose certificate is theirs,
// keep what Chromium does for itself from the network, and hold no user data: who
// starts it must add --user-data-dir with a folder that is new, because without one
// Chromium trusts nothing that it would not trust anyway. Headless, it draws no QR code.
//
// A second --host-resolver-rules replaces the first one: who has rules of their own
// must join them, with a comma.
func (b *Bed) ChromiumFlags() []string { return b.flags(BrowserConfig{}) }

func (b *Bed) flags(config BrowserConfig) []string {
	rules, pins := []string{"MAP cable.* " + b.tunnels.address}, []string{pin(b.tunnels.certificate)}
	for _, host := range slices.Sorted(maps.Keys(config.Hosts)) {
		rules = append(rules, "MAP "+host+" "+config.Hosts[host])
	}
	for _, certificate := range config.Trust {
		pins = append(pins, pin(certificate))
	}
	flags := []string{
		"--host-resolver-rules=" + strings.Join(rules, ", "),
		"--ignore-certificate-errors-spki-list=" + strings.Join(pins, ","),
		"--ozone-platform=x11",
		"--no-proxy-server",
		fmt.Sprintf("--window-size=%d,%d", b.config.Screen.X, b.config.Screen.Y),
		"--window-position=0,0",
		"--disable-gpu",
		"--no-first-run",
		"--no-default-browser-check",
		"--disable-background-networking",
		"--disable-component-update",
		"--disable-sync",
		"--password-store=basic",
	}
	if os.Geteuid() == 0 {
		flags = append(flags, "--no-sandbox") // it does not start otherwise
	}
	return flags
}
