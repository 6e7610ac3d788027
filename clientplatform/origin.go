package clientplatform

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

const localhost = "localhost"

// effectiveDomain returns the host of an origin that is written exactly as a
// browser serialises it, and whose pages may use WebAuthn in one: it is a secure
// context (https, or http on this machine by name) and its host is a domain, no
// address.
func effectiveDomain(origin string) (string, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return "", errors.New("the origin is not of the form https://id.example.org")
	}
	host := u.Hostname()
	switch {
	case u.User != nil:
		return "", errors.New("the origin has a user name in it") // not quoted: it may hold a password
	case u.Scheme == "http" && host != localhost && !strings.HasSuffix(host, "."+localhost):
		return "", fmt.Errorf("origin %.200q: plain http is for localhost alone", origin)
	case u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("origin %.200q: not https", origin)
	}
	canonical, err := domain(host)
	if err != nil {
		return "", fmt.Errorf("origin %.200q: %w", origin, err)
	}
	whole := u.Scheme + "://" + canonical
	if port := u.Port(); port != "" && port != map[string]string{"https": "443", "http": "80"}[u.Scheme] {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return "", fmt.Errorf("origin %.200q: %q is no port", origin, port)
		}
		whole += ":" + strconv.FormatUint(n, 10)
	}
	if whole != origin {
		return "", fmt.Errorf("origin %.200q: browsers write it %q", origin, whole)
	}
	return host, nil
}

// domain returns the form in which browsers compare a domain, or says why the
// host is none.
func domain(host string) (string, error) {
	if _, err := netip.ParseAddr(host); err == nil {
		return "", errAddress
	}
	ascii, err := idna.New(
		idna.MapForLookup(), idna.BidiRule(), idna.CheckHyphens(false), idna.CheckJoiners(true),
		idna.StrictDomainName(true), idna.Transitional(false), idna.VerifyDNSLength(true),
	).ToASCII(host)
	switch {
	case err != nil:
		return "", errors.New("the host is not a domain")
	case strings.HasSuffix(ascii, "."):
		// A name of its own to browsers, which certificates and RP IDs do not know.
		return "", errors.New("the host ends in a dot")
	case endsInNumber(ascii):
		return "", errAddress
	}
	return ascii, nil
}

var errAddress = errors.New("an IP address is no domain, and has no passkeys")

// endsInNumber reports whether a browser would read the host as an IPv4 address
// (URL standard, "ends in a number checker"): 127.1, 0x7f.0x1 and the like. The host
// is in lower case and has no empty label.
func endsInNumber(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if strings.Trim(last, "0123456789") == "" {
		return true
	}
	hex, ok := strings.CutPrefix(last, "0x")
	return ok && strings.Trim(hex, "0123456789abcdef") == ""
}

// RPID returns the RP ID of a ceremony whose options have this one: it, if it is the
// host of the origin or a registrable domain suffix of it (HTML, "is a registrable
// domain suffix of or is equal to"), or the host, if it is empty. It is compared as
// it stands, for the authenticator hashes it so: "ID.example" and "id.example." are
// nobody's. The error is an [Error] of the name [SecurityError].
//
// Divergence: related origins (§5.11) are not asked for. They let one site's page
// use another's passkeys after a look at the other's web server; a program can
// as well name the origin that it means.
func (c *Client) RPID(id string) (string, error) {
	switch {
	case c.host == "":
		return "", failf(SecurityError, "the client has no origin: it is not made by New")
	case id == "" || id == c.host:
		return c.host, nil
	case !strings.HasSuffix(c.host, "."+id):
		return "", &Error{Name: SecurityError, Err: fmt.Errorf("RP ID %.200q is neither %q nor a suffix of it", id, c.host)}
	case isPublicSuffix(id, c.host):
		return "", &Error{Name: SecurityError, Err: fmt.Errorf("RP ID %.200q is a public suffix: its passkeys would be everybody's below it", id)}
	}
	return id, nil
}

// isPublicSuffix reports whether id, a suffix of host, is a public suffix or not
// below the one that host is below. Names in the private section of the list count,
// as they do in browsers. HTML asserts the second instead of checking it, and is
// wrong about exceptions: above "city.kawasaki.jp" is the public suffix
// "kawasaki.jp", which by itself is none.
func isPublicSuffix(id, host string) bool {
	own, _ := publicsuffix.PublicSuffix(id)
	above, _ := publicsuffix.PublicSuffix(host)
	return own == id || !strings.HasSuffix(id, "."+above)
}
