package main

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// renewal is how long before its end a certificate should have been renewed, if
// a third of its life is not shorter.
const renewal = 14 * 24 * time.Hour

// examineSite judges what hitherd config check judges.
func (d *doctor) examineSite(p program) {
	s, err := d.config.judgeSite()
	if err != nil {
		d.fail("config", err)
		d.rpID = d.config.RPID
		if s, err := d.config.site(1); err == nil {
			d.rpID = s.rpID
		}
	} else {
		d.site, d.judged, d.rpID = s, true, s.rpID
		d.ok("config", "origin %s, RP ID %s", s.origin, s.rpID)
	}
	warnings := d.config.warnings()
	if traces, err := p.judgeTracing(); err != nil {
		d.fail("config", err)
	} else {
		warnings = append(warnings, traces.warnings()...)
	}
	for _, w := range warnings {
		d.add(levelWarning, "config", w, "")
	}
}

// examineCertificate looks at the files that serve would read, as a browser would.
func (d *doctor) examineCertificate(logger *slog.Logger) {
	const check = "certificate"
	if d.config.TLSCertFile == "" {
		if d.judged && strings.HasPrefix(d.site.origin, "https:") {
			d.ok(check, "none here: TLS ends at a reverse proxy")
		}
		return
	}
	c, err := d.config.certificate(logger)
	if err != nil {
		d.fail(check, err)
		return
	}
	if info, err := os.Stat(d.config.TLSKeyFile); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		d.add(levelWarning, check, fmt.Sprintf("%s is open to others (mode %04o)", d.config.TLSKeyFile, info.Mode().Perm()), "chmod 600 it, or 640 with a group for it alone")
	}
	d.judgeCertificate(c.Leaf())
}

func (d *doctor) judgeCertificate(leaf *x509.Certificate) {
	const check = "certificate"
	const again = "; the running server takes the new files by itself"
	if d.judged {
		if err := leaf.VerifyHostname(d.site.host); err != nil {
			d.problem(check, fmt.Sprintf("%s is not for %s: %v", d.config.TLSCertFile, d.site.host, err), "get one that names it"+again)
		}
	}
	until := leaf.NotAfter.UTC().Format("2006-01-02 15:04 UTC")
	left := leaf.NotAfter.Sub(d.now)
	switch {
	case d.now.Before(leaf.NotBefore):
		d.problem(check, fmt.Sprintf("%s is not valid before %s", d.config.TLSCertFile, leaf.NotBefore.UTC().Format("2006-01-02 15:04 UTC")),
			"set the clock right, or wait")
	case left <= 0:
		d.problem(check, fmt.Sprintf("%s expired at %s", d.config.TLSCertFile, until), "renew it"+again)
	case left < min(renewal, leaf.NotAfter.Sub(leaf.NotBefore)/3):
		d.add(levelWarning, check, fmt.Sprintf("%s expires soon, at %s", d.config.TLSCertFile, until), "renew it"+again)
	default:
		d.ok(check, "%s is valid until %s", d.config.TLSCertFile, until)
	}
}

// examineProxies looks for clients that would be taken for one, or could say
// that they are others.
func (d *doctor) examineProxies() {
	const check = "proxies"
	for _, n := range d.config.TrustedProxies {
		prefix := netip.Prefix(n)
		wide := 8
		if prefix.Addr().Is6() {
			wide = 16
		}
		if prefix.Bits() < wide {
			d.add(levelWarning, check, fmt.Sprintf("trusted_proxies names %s, so that strangers can say what address they have and slip the limits", prefix),
				"name the proxies alone")
		}
	}
	e, err := parseListen("listen", d.config.Listen)
	if err != nil || !d.judged || !e.loopback() || d.config.TLSCertFile != "" || !strings.HasPrefix(d.site.origin, "https:") {
		return // no proxy, or one that may be anywhere
	}
	// Only a proxy on this machine can come.
	ours := slices.ContainsFunc(d.config.TrustedProxies, func(n network) bool {
		p := netip.Prefix(n)
		return p.Contains(netip.AddrFrom4([4]byte{127, 0, 0, 1})) || p.Contains(netip.IPv6Loopback())
	})
	if !ours {
		d.add(levelWarning, check, "the proxy on this machine is not in trusted_proxies, so that all people have one address and share its limits",
			"set HITHER_TRUSTED_PROXIES=127.0.0.1,::1, when the proxy sets X-Forwarded-For")
		return
	}
	d.ok(check, "the proxy on this machine is trusted")
}
