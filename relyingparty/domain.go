package relyingparty

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"
)

const localhost = "localhost"

// validateRPID refuses an RP ID that no browser takes, or that speaks for
// strangers.
func validateRPID(id string) error {
	if id == "" {
		return errors.New("an RP ID is required")
	}
	if err := validateHost(id); err != nil {
		return fmt.Errorf("RP ID %q: %w", id, err)
	}
	if err := validateRegistrable(id); err != nil {
		return fmt.Errorf("RP ID %q is %w", id, err)
	}
	return nil
}

// validateRegistrable accepts localhost, and a domain that somebody can have
// for themselves.
func validateRegistrable(host string) error {
	if host == localhost {
		return nil
	}
	if !strings.Contains(host, ".") {
		return errors.New("a single label; use a domain such as id.example.org, or localhost")
	}
	if suffix, _ := publicsuffix.PublicSuffix(host); suffix == host {
		return errors.New("a public suffix: its credentials would belong to everybody below it")
	}
	return nil
}

// validateHost accepts a domain in lower case ASCII (an internationalised one
// in its A-label form), and nothing that browsers read as an address.
func validateHost(host string) error {
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return errors.New("an IP address cannot be an RP ID or hold one")
	}
	if len(host) > 253 {
		return errors.New("longer than 253 characters")
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if err := validateLabel(label); err != nil {
			return err
		}
	}
	// The URL standard reads a host whose last label is a number as IPv4.
	if _, err := strconv.ParseUint(labels[len(labels)-1], 0, 64); err == nil {
		return errors.New("the last label is a number, so browsers read it as an IP address")
	}
	return nil
}

func validateLabel(label string) error {
	switch {
	case label == "":
		return errors.New("empty label")
	case len(label) > 63:
		return errors.New("label longer than 63 characters")
	case label[0] == '-' || label[len(label)-1] == '-':
		return fmt.Errorf("label %q begins or ends with a hyphen", label)
	}
	for _, r := range label {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
		case r >= 'A' && r <= 'Z':
			return errors.New("upper case; browsers compare with the lower case form")
		default:
			return fmt.Errorf("character %q; an internationalised domain is written in its xn-- form", r)
		}
	}
	return nil
}

// validateOrigins checks the form of the origins and that the RP ID is the host
// of each, or a registrable suffix of it.
func validateOrigins(id string, origins []string) error {
	if len(origins) == 0 {
		return errors.New("at least one origin is required")
	}
	for i, origin := range origins {
		host, err := originHost(origin)
		if err != nil {
			return fmt.Errorf("origin %q: %w", origin, err)
		}
		if host != id && (id == localhost || !strings.HasSuffix(host, "."+id)) {
			return fmt.Errorf("origin %q: RP ID %q is neither its host nor a suffix of it", origin, id)
		}
		// validateRPID has refused what is a public suffix by itself. By wildcards of the list and
		// their exceptions others are, too, as seen from below: kawasaki.jp from city.kawasaki.jp.
		if suffix, _ := publicsuffix.PublicSuffix(host); host != id && !strings.HasSuffix(id, "."+suffix) {
			return fmt.Errorf("origin %q: RP ID %q is a public suffix, or above one", origin, id)
		}
		if slices.Contains(origins[:i], origin) {
			return fmt.Errorf("origin %q is listed twice", origin)
		}
	}
	return nil
}

// validateRelatedOrigins checks origins that the RP ID need not be a suffix of.
func validateRelatedOrigins(id string, origins, related []string) error {
	for i, origin := range related {
		host, err := originHost(origin)
		if err == nil {
			err = validateRegistrable(host)
		}
		switch {
		case err != nil:
			return fmt.Errorf("related origin %q: %w", origin, err)
		case id != localhost && (host == localhost || strings.HasSuffix(host, "."+localhost)):
			return fmt.Errorf("related origin %q: localhost is everybody's own machine, and related to the RP ID localhost alone", origin)
		case slices.Contains(origins, origin):
			return fmt.Errorf("related origin %q is one of the origins already", origin)
		case slices.Contains(related[:i], origin):
			return fmt.Errorf("related origin %q is listed twice", origin)
		}
	}
	return nil
}

func validateTopOrigins(origins []string) error {
	for i, origin := range origins {
		if _, err := originHost(origin); err != nil {
			return fmt.Errorf("top origin %q: %w", origin, err)
		}
		if slices.Contains(origins[:i], origin) {
			return fmt.Errorf("top origin %q is listed twice", origin)
		}
	}
	return nil
}

// originHost returns the host of an origin that is written exactly as browsers
// serialise it: anything else would never match.
func originHost(origin string) (string, error) {
	u, err := url.Parse(origin)
	if err != nil {
		return "", errors.New("not an origin such as https://id.example.org")
	}
	host := u.Hostname()
	switch {
	case u.Scheme == "http" && host != localhost:
		return "", errors.New("plain http works for localhost only; use https")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", errors.New("not an https origin")
	}
	if err := validateHost(host); err != nil {
		return "", err
	}
	whole := u.Scheme + "://" + host
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || port[0] == '0' {
			return "", fmt.Errorf("port %q is not a port", port)
		}
		if (u.Scheme == "https" && port == "443") || (u.Scheme == "http" && port == "80") {
			return "", errors.New("browsers leave the default port out")
		}
		whole += ":" + port
	}
	if whole != origin {
		return "", fmt.Errorf("an origin is scheme, host and port alone: %s", whole)
	}
	return host, nil
}
