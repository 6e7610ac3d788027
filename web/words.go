package web

import (
	"fmt"
	"html/template"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// functions are what templates may call.
func functions(manifest map[string]string) template.FuncMap {
	return template.FuncMap{
		"address": address,
		"asset": func(name string) (string, error) {
			file, ok := manifest[name]
			if !ok {
				return "", fmt.Errorf("no asset %q", name)
			}
			return assetPrefix + file, nil
		},
		"currentFirst": currentFirst,
		"explain":      explain,
		"human":        func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") },
		"machine":      func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"mobile":       mobile,
		"patience":     patience,
		"place":        placeOf,
		"sentence":     sentence,
	}
}

// usualPatience is [Site.Patience] when it is zero.
const usualPatience = 30 * time.Second

// patience is d in seconds, for scripts.
func patience(d time.Duration) float64 {
	if d <= 0 {
		d = usualPatience
	}
	return d.Seconds()
}

// sentence is what a notice says; "" for one that is not known.
func sentence(n Notice) string {
	switch n {
	case NoticeSignedOut:
		return "You are signed out."
	case NoticeSessionEnded:
		return "The session has ended."
	case NoticeSessionsEnded:
		return "All other sessions have ended."
	case NoticeAdded:
		return "The passkey was added."
	case NoticeRenamed:
		return "The new name was saved."
	case NoticeRemoved:
		return "The passkey was removed, and the sessions that it opened have ended."
	}
	return ""
}

// address is what people call the address of a client.
func address(text string) string {
	if ip, err := netip.ParseAddr(text); err == nil && ip.Unmap().IsLoopback() {
		return "this computer"
	}
	return text
}

// currentFirst puts the session that asks before the others, which keep their order.
func currentFirst(sessions []Session) []Session {
	sorted := slices.Clone(sessions)
	slices.SortStableFunc(sorted, func(a, b Session) int {
		switch {
		case a.Current == b.Current:
			return 0
		case a.Current:
			return -1
		}
		return 1
	})
	return sorted
}

// mobile says whether a browser's name is one of a phone or tablet.
func mobile(browser string) bool {
	return slices.ContainsFunc([]string{"Android", "iPhone", "iPad", "iOS"}, func(system string) bool {
		return strings.HasSuffix(browser, system)
	})
}

// place says where a passkey lives. web/shared/place.ts tells the same for one that was just made.
type place struct{ Key, Words string }

func placeOf(p Passkey) place {
	has := func(transports ...string) bool {
		return slices.ContainsFunc(p.Transports, func(t string) bool { return slices.Contains(transports, t) })
	}
	switch {
	case p.BackupState:
		return place{"synced", "Synced: a password manager brings it to the other devices that use it."}
	case p.BackupEligible:
		return place{"syncable", "Not synced yet: the password manager that holds it has made no copy so far."}
	case has("usb", "nfc", "ble", "smart-card") && !has("internal"):
		return place{"key", "On a security key."}
	case p.Attachment == "cross-platform" && has("hybrid"):
		return place{"phone", "On one phone or tablet only."}
	}
	return place{"device", "Only on the device where it was made."}
}

// explanation is what an error page says.
type explanation struct {
	Title, What, Next string
	Path, Way         string // the way on
}

func explain(p ErrorPage) explanation {
	code := p.Code
	if code == "" {
		code = codeOf(p.Status)
	}
	home := func(title, what, next string) explanation {
		return explanation{title, what, next, "/", "Go to the start page"}
	}
	switch code {
	case "unauthenticated":
		return explanation{
			"Please sign in", "This page is for people who are signed in. Your session may have ended.",
			"Sign in and open it again.", "/login", "Sign in",
		}
	case "step_up_required":
		return explanation{
			"Please confirm that it is you", "Your last sign-in was a while ago, and this change needs a fresh one.",
			"Sign in again, then repeat it.", "/login", "Sign in again",
		}
	case "not_found":
		return home("There is nothing here", "The address is mistyped, or what was here is gone.", "Start again from the start page.")
	case "rate_limited":
		return home("Too many tries", "There were many requests from your network in a short time, so we slow down.", "Wait a minute, then try again.")
	case "unavailable":
		return home("Not available at the moment", "We could not save or read what this needs. Nothing was changed.", "Try again in a moment.")
	case "misdirected":
		return home("This is not our address", "The request came under an address that does not belong to this service.", "Open the service under its own address.")
	case "cross_site":
		return home("That came from another site", "The request did not come from one of our own pages, so nothing was changed.", "If it was you, open the page here and do it again.")
	case "headers_too_large":
		return home("Your browser sent too much", "It holds more cookies for this address than we read.", "Delete the cookies of this site, then sign in again.")
	case "name_invalid":
		return explanation{"That name cannot be used", "It is empty, too long, or has characters that names cannot have.", "Go back and choose another one.", "/account", "Go to your account"}
	case "last_credential":
		return explanation{"This is your last passkey", "Without it you could not sign in any more, so it was kept.", "Add another passkey first.", "/account", "Go to your account"}
	}
	if p.Status >= http.StatusInternalServerError {
		return home("Something went wrong here", "It is our mistake, not yours.", "Try again. If it happens again, tell the person who runs this service.")
	}
	return home("That did not work", "The request was not one that we understand, so nothing was changed.", "Go back, load the page again and repeat it.")
}

// codeOf is the problem code that a status stands for when no handler said more.
func codeOf(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "unauthenticated"
	case http.StatusForbidden:
		return "cross_site"
	case http.StatusNotFound:
		return "not_found"
	case http.StatusMisdirectedRequest:
		return "misdirected"
	case http.StatusTooManyRequests:
		return "rate_limited"
	case http.StatusServiceUnavailable:
		return "unavailable"
	}
	return ""
}
