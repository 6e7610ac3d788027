package web_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/hitherauth/hither/web"
)

// hostile tries to leave every context that a template has.
const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}&lt;` + "`\u2028javascript:alert(1)"

func at(day int) time.Time { return time.Date(2026, time.November, day, 16, 32, 7, 0, time.UTC) }

func signedIn() web.Site {
	return web.Site{RPName: "id.example", Person: &web.Person{Name: "ada", DisplayName: "Ada Lovelace", Administrator: true}}
}

func signedOut() web.Site { return web.Site{RPName: "id.example"} }

func sessions() []web.Session {
	return []web.Session{
		{ID: "s1", Current: true, Browser: "Firefox on Linux", Address: "192.0.2.1", AuthenticatedAt: at(1), LastSeenAt: at(2), ExpiresAt: at(3), Passkey: "Laptop"},
		{ID: "s2", Browser: "Safari on iPhone", AuthenticatedAt: at(4), LastSeenAt: at(5)},
		{ID: "s3"},
	}
}

func passkeys() []web.Passkey {
	return []web.Passkey{
		{ID: "p1", Name: "Laptop", Transports: []string{"internal"}, Attachment: "platform", CreatedAt: at(6), Current: true, LastUse: &web.Use{At: at(7), Address: "192.0.2.1", Browser: "Firefox on Linux"}},
		{ID: "p2", Name: "Manager", Provider: "Bitwarden", BackupEligible: true, BackupState: true, Transports: []string{"internal", "hybrid"}, CreatedAt: at(8)},
		{ID: "p3", Name: "Enpass", Provider: "Enpass", BackupEligible: true, CreatedAt: at(9)},
		{ID: "p4", Name: "Blue key", Transports: []string{"usb", "nfc"}, Attachment: "cross-platform", CreatedAt: at(10)},
		{ID: "p5", Name: "Phone", Transports: []string{"hybrid", "internal"}, Attachment: "cross-platform", CreatedAt: at(11)},
	}
}

// states are all pages in the states that change their structure.
func states() map[string]any {
	out, in := signedOut(), signedIn()
	noticed := in
	noticed.Notice = web.NoticeAdded
	stranger := out
	stranger.Notice = `<b>nonsense`
	return map[string]any{
		"home_signed_out":     web.HomePage{Site: out},
		"home_sign_up":        web.HomePage{Site: out, SignUpOpen: true},
		"home_fresh":          web.HomePage{Site: out, SetupNeeded: true},
		"home_unknown_notice": web.HomePage{Site: stranger},
		"home_signed_in":      web.HomePage{Site: in, Sessions: sessions()},
		"setup_first":         web.SetupPage{Site: out, SetupNeeded: true},
		"setup_sign_up":       web.SetupPage{Site: out, SignUpOpen: true},
		"setup_signed_in":     web.SetupPage{Site: in},
		"login":               web.LoginPage{Site: out},
		"login_sign_up":       web.LoginPage{Site: out, SignUpOpen: true, ReturnTo: "/account"},
		"login_signed_in":     web.LoginPage{Site: in},
		"account":             web.AccountPage{Site: in, Passkeys: passkeys(), Sessions: sessions()},
		"account_notice":      web.AccountPage{Site: noticed, Passkeys: passkeys(), Sessions: sessions()},
		"account_one":         web.AccountPage{Site: in, Passkeys: passkeys()[:1], Sessions: sessions()[:1]},
		"account_empty":       web.AccountPage{Site: in},
		"account_problem":     web.AccountPage{Site: in, Passkeys: passkeys(), Problem: "A name needs a character."},
		"learn":               web.LearnPage{Site: out},
		"learn_signed_in":     web.LearnPage{Site: in},
		"problem_404":         web.ErrorPage{Site: out, Status: 404},
		"problem_code":        web.ErrorPage{Site: in, Status: 429, Code: "rate_limited", RequestID: "r1"},
		"problem_500":         web.ErrorPage{Site: out, Status: 500, Code: "internal", RequestID: "r2"},
		"problem_odd":         web.ErrorPage{Site: out, Status: 418},
		"hostile_home":        web.HomePage{Site: hostileSite(), Sessions: hostileSessions()},
		"hostile_setup":       web.SetupPage{Site: hostileSite()},
		"hostile_login":       web.LoginPage{Site: hostileSite(), ReturnTo: hostile},
		"hostile_learn":       web.LearnPage{Site: hostileSite()},
		"hostile_account":     hostileAccount(),
		"hostile_problem":     web.ErrorPage{Site: hostileSite(), Status: 500, Code: hostile, RequestID: hostile},
	}
}

func hostileSite() web.Site {
	return web.Site{RPName: hostile, Person: &web.Person{Name: hostile, DisplayName: hostile}, Notice: hostile}
}

func hostileSessions() []web.Session {
	return []web.Session{{ID: hostile, Browser: hostile, Address: hostile, Passkey: hostile}, {ID: "s", Current: true, Browser: hostile}}
}

func hostileAccount() web.AccountPage {
	return web.AccountPage{
		Site:     hostileSite(),
		Passkeys: []web.Passkey{{ID: hostile, Name: hostile, Provider: hostile + "x", Transports: []string{hostile}, Attachment: hostile, LastUse: &web.Use{Address: hostile, Browser: hostile}}, {Name: hostile}},
		Sessions: hostileSessions(),
		Problem:  hostile,
	}
}

func newPages(t *testing.T) *web.Pages {
	t.Helper()
	p, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// render returns the page as a browser reads it.
func render(t *testing.T, p *web.Pages, page any) *html.Node {
	t.Helper()
	var out bytes.Buffer
	if err := p.Render(&out, page); err != nil {
		t.Fatal(err)
	}
	doc, err := html.Parse(&out)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// all returns the elements for which keep holds, in the order of the page.
func all(doc *html.Node, keep func(*html.Node) bool) []*html.Node {
	var found []*html.Node
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && keep(n) {
			found = append(found, n)
		}
	}
	return found
}

func tagged(names ...string) func(*html.Node) bool {
	return func(n *html.Node) bool { return slices.Contains(names, n.Data) }
}

func attribute(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

func having(key, value string) func(*html.Node) bool {
	return func(n *html.Node) bool {
		got, ok := attribute(n, key)
		return ok && got == value
	}
}

// text is what n says, with its white space folded.
func text(n *html.Node) string {
	var out strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			out.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestRender(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	t.Run("refuses_what_is_no_page", func(t *testing.T) {
		t.Parallel()
		var out bytes.Buffer
		if err := p.Render(&out, web.Site{}); err == nil || out.Len() > 0 {
			t.Errorf("got error %v and %d bytes, want an error and nothing written", err, out.Len())
		}
	})
	t.Run("says_when_writing_fails", func(t *testing.T) {
		t.Parallel()
		if err := p.Render(failing{}, web.LoginPage{}); err == nil {
			t.Error("got no error")
		}
	})
}
