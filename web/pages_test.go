package web_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/hitherauth/hither/web"
)

func one(t *testing.T, doc *html.Node, keep func(*html.Node) bool) *html.Node {
	t.Helper()
	found := all(doc, keep)
	if len(found) != 1 {
		t.Fatalf("got %d elements, want 1", len(found))
	}
	return found[0]
}

// TestHostileText is HTTP-21: what strangers write is text and nothing else.
func TestHostileText(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	want := strings.Join(strings.Fields(hostile), " ")
	for name, page := range states() {
		if !strings.HasPrefix(name, "hostile_") {
			continue
		}
		t.Run("HTTP-21_"+name, func(t *testing.T) {
			t.Parallel()
			doc := render(t, p, page)
			if got := text(one(t, doc, having("class", "brand"))); got != want {
				t.Errorf("got the name of the service as %q", got)
			}
			if got := text(one(t, doc, tagged("title"))); !strings.HasSuffix(got, want) {
				t.Errorf("got the title %q", got)
			}
			if got := len(all(doc, tagged("script"))); got > 1 {
				t.Errorf("got %d scripts, want at most the page's own", got)
			}
		})
	}
	t.Run("account_name_for_script", func(t *testing.T) {
		t.Parallel()
		if got, _ := attribute(one(t, render(t, p, hostileAccount()), having("id", "person")), "data-name"); got != hostile {
			t.Errorf("got %q", got)
		}
	})
	t.Run("unknown_notice", func(t *testing.T) {
		t.Parallel()
		if got := text(one(t, render(t, p, web.LoginPage{Site: hostileSite()}), having("role", "status"))); got != "" {
			t.Errorf("got %q, want nothing", got)
		}
	})
}

func TestPatience(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	for want, set := range map[string]time.Duration{"30": 0, "1.5": 1500 * time.Millisecond} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			site := signedOut()
			site.Patience = set
			if got, _ := attribute(one(t, render(t, p, web.LoginPage{Site: site}), tagged("html")), "data-patience"); got != want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestAccount(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	t.Run("place", func(t *testing.T) {
		t.Parallel()
		doc := render(t, p, web.AccountPage{Site: signedIn(), Passkeys: passkeys()})
		for id, want := range map[string]string{
			"p1": "Only on the device where it was made.", "p2": "Manager From Bitwarden. Synced:", "p3": "Enpass Not synced yet:",
			"p4": "On a security key.", "p5": "On one phone or tablet only.",
		} {
			if got := text(one(t, doc, having("id", "passkey-"+id))); !strings.Contains(got, want) {
				t.Errorf("%s: got %q, want %q in it", id, got, want)
			}
		}
	})
	t.Run("use", func(t *testing.T) {
		t.Parallel()
		doc := render(t, p, web.AccountPage{Site: signedIn(), Passkeys: passkeys()})
		const want = "Last used 7 November 2026, 16:32 UTC with Firefox on Linux from 192.0.2.1"
		if got := text(one(t, doc, having("id", "passkey-p1"))); !strings.Contains(got, want) || !strings.Contains(got, "This session") {
			t.Errorf("got %q, want %q and the badge in it", got, want)
		}
		if got := text(one(t, doc, having("id", "passkey-p2"))); !strings.Contains(got, "Not used to sign in yet") {
			t.Errorf("got %q", got)
		}
	})
	t.Run("time", func(t *testing.T) {
		t.Parallel()
		doc := render(t, p, web.AccountPage{Site: signedIn(), Passkeys: passkeys()[1:2]})
		if got, _ := attribute(one(t, doc, tagged("time")), "datetime"); got != "2026-11-08T16:32:07Z" {
			t.Errorf("got %q", got)
		}
	})
	for _, count := range []int{1, 2} {
		t.Run(map[int]string{1: "last_one_stays", 2: "one_of_two_goes"}[count], func(t *testing.T) {
			t.Parallel()
			doc := render(t, p, web.AccountPage{Site: signedIn(), Passkeys: passkeys()[:count]})
			for _, button := range all(doc, func(n *html.Node) bool { _, ok := attribute(n, "data-remove"); return ok }) {
				if _, disabled := attribute(button, "disabled"); disabled != (count == 1) {
					t.Errorf("%d passkeys: disabled is %v", count, disabled)
				}
			}
			if explained := len(all(doc, having("id", "last"))); explained != 2-count {
				t.Errorf("%d passkeys: explained %d times", count, explained)
			}
		})
	}
	t.Run("problem_and_notice", func(t *testing.T) {
		t.Parallel()
		states := states()
		if got := text(one(t, render(t, p, states["account_problem"]), having("role", "alert"))); got != "A name needs a character." {
			t.Errorf("got %q", got)
		}
		if got := text(one(t, render(t, p, states["account_notice"]), having("role", "status"))); got != "The passkey was added." {
			t.Errorf("got %q", got)
		}
	})
	t.Run("plain_forms", func(t *testing.T) {
		t.Parallel()
		var got []string
		for _, form := range all(render(t, p, web.AccountPage{Site: signedIn(), Passkeys: passkeys()[:1], Sessions: sessions()}), having("method", "post")) {
			action, _ := attribute(form, "action")
			got = append(got, action)
		}
		want := []string{"/logout", "/account/credentials/p1/rename", "/account/sessions/s2/end", "/account/sessions/s3/end"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestHome(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	t.Run("current_session_first", func(t *testing.T) {
		t.Parallel()
		list := sessions()
		list[0], list[2] = list[2], list[0]
		var got []string
		for _, row := range all(render(t, p, web.HomePage{Site: signedIn(), Sessions: list}), tagged("h3")) {
			got = append(got, text(row))
		}
		if want := []string{"Firefox on Linux This session", "Unknown browser", "Safari on iPhone"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	for from, want := range map[string]string{"::1": "this computer", "127.0.0.1": "this computer", "::ffff:127.0.0.1": "this computer", "192.0.2.1": "192.0.2.1", "nonsense": "nonsense"} {
		t.Run("address_"+from, func(t *testing.T) {
			t.Parallel()
			doc := render(t, p, web.HomePage{Site: signedIn(), Sessions: []web.Session{{ID: "s", Address: from}}})
			if got := text(one(t, doc, having("class", "what"))); !strings.HasSuffix(got, "from "+want+" Last seen unknown") {
				t.Errorf("got %q, want %q in it", got, want)
			}
		})
	}
	t.Run("nobody_to_sign_in_yet", func(t *testing.T) {
		t.Parallel()
		if got := len(all(render(t, p, web.HomePage{Site: signedOut(), SetupNeeded: true}), having("href", "/login"))); got != 0 {
			t.Error("the page offers to sign in before there is an account")
		}
	})
}

func TestLogin(t *testing.T) {
	t.Parallel()
	doc := render(t, newPages(t), web.LoginPage{Site: signedOut()})
	if got, _ := attribute(one(t, doc, having("id", "name")), "autocomplete"); got != "username webauthn" {
		t.Errorf("got autocomplete %q", got)
	}
	if got, _ := attribute(one(t, doc, having("id", "login")), "data-return-to"); got != "/account" {
		t.Errorf("got return-to %q", got)
	}
	if len(all(doc, having("href", "/setup"))) != 0 {
		t.Error("sign-up is closed, and the page offers it")
	}
}

func TestErrorPage(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	codes := []string{
		"unauthenticated", "step_up_required", "not_found", "rate_limited", "unavailable", "misdirected", "cross_site",
		"name_invalid", "last_credential", "headers_too_large", "internal", "method_not_allowed", "body_too_large", "body_malformed", "",
	}
	for _, code := range codes {
		t.Run("code_"+code, func(t *testing.T) {
			t.Parallel()
			doc := render(t, p, web.ErrorPage{Site: signedOut(), Status: 400, Code: code, RequestID: "r-77"})
			words := all(doc, tagged("p"))
			if len(words) < 3 || slices.ContainsFunc(words[:2], func(n *html.Node) bool { return !strings.HasSuffix(text(n), ".") }) {
				t.Error("the page does not say what happened and what to do next")
			}
			if len(all(doc, having("class", "button primary"))) != 1 {
				t.Error("the page has no way on")
			}
			if got := text(one(t, doc, tagged("code"))); got != "r-77" {
				t.Errorf("got request id %q", got)
			}
		})
	}
	for status, want := range map[int]string{401: "Please sign in", 403: "That came from another site", 404: "There is nothing here", 421: "This is not our address", 429: "Too many tries", 500: "Something went wrong here", 503: "Not available at the moment", 418: "That did not work"} {
		if got := text(one(t, render(t, p, web.ErrorPage{Status: status}), tagged("h1"))); got != want {
			t.Errorf("%d: got %q, want %q", status, got, want)
		}
	}
}

// TestLearnLinks follows what other pages say about /learn to a part that is there.
func TestLearnLinks(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	parts := map[string]bool{"": true}
	for _, n := range all(render(t, p, web.LearnPage{Site: signedOut()}), tagged("section")) {
		id, _ := attribute(n, "id")
		parts[id] = true
	}
	linked := map[string]bool{}
	for name, page := range states() {
		for _, n := range all(render(t, p, page), tagged("a")) {
			href, _ := attribute(n, "href")
			path, part, _ := strings.Cut(href, "#")
			if path != "/learn" {
				continue
			}
			linked[strings.TrimRight(name[:5], "_")] = true
			if !parts[part] {
				t.Errorf("%s links to %s, which is not there", name, href)
			}
		}
	}
	for _, from := range []string{"home", "login", "setup", "learn"} {
		if !linked[from] {
			t.Errorf("%s does not link to /learn", from)
		}
	}
}
