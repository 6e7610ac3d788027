package web_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/hitherauth/hither/web"
)

// TestStructure holds for every page in every state.
func TestStructure(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	for name, page := range states() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := render(t, p, page)
			checkLandmarks(t, doc)
			checkPolicy(t, doc)
			checkIDs(t, doc)
			checkLabels(t, doc)
		})
	}
}

func checkLandmarks(t *testing.T, doc *html.Node) {
	t.Helper()
	for _, tag := range []string{"main", "header", "h1", "title"} {
		if got := len(all(doc, func(n *html.Node) bool { return n.Data == tag && n.Namespace == "" })); got != 1 {
			t.Errorf("got %d <%s>, want 1", got, tag)
		}
	}
	root := all(doc, tagged("html"))[0]
	if lang, _ := attribute(root, "lang"); lang != "en" {
		t.Errorf("got language %q", lang)
	}
	if title := text(all(doc, tagged("title"))[0]); len(strings.Split(title, " · ")) < 2 {
		t.Errorf("title %q does not name page and service", title)
	}
	level := 0
	for _, h := range all(doc, tagged("h1", "h2", "h3", "h4")) {
		next := int(h.Data[1] - '0')
		if next > level+1 {
			t.Errorf("heading %q skips a level", text(h))
		}
		level = next
	}
}

// checkPolicy refuses what the content security policy forbids, and whatever hostile text could have made.
func checkPolicy(t *testing.T, doc *html.Node) {
	t.Helper()
	for _, n := range all(doc, func(*html.Node) bool { return true }) {
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
				t.Errorf("<%s> has the attribute %s", n.Data, a.Key)
			}
			if !slices.Contains([]string{"href", "src", "action", "formaction"}, a.Key) {
				continue
			}
			if !strings.HasPrefix(a.Val, "/") || strings.HasPrefix(a.Val, "//") {
				t.Errorf("<%s %s=%q> is no path of this origin", n.Data, a.Key, a.Val)
			}
		}
		switch n.Data {
		case "style", "iframe", "object", "embed", "base":
			t.Errorf("the page has a <%s>", n.Data)
		case "script":
			src, _ := attribute(n, "src")
			if n.FirstChild != nil || !strings.HasPrefix(src, "/assets/") {
				t.Errorf("a script from %q with content %v", src, n.FirstChild)
			}
		case "img":
			if src, _ := attribute(n, "src"); !strings.HasPrefix(src, "/assets/mark-") {
				t.Errorf("an image from %q", src)
			}
		}
	}
}

func checkIDs(t *testing.T, doc *html.Node) {
	t.Helper()
	ids := map[string]bool{}
	for _, n := range all(doc, func(*html.Node) bool { return true }) {
		if id, ok := attribute(n, "id"); ok {
			if ids[id] {
				t.Errorf("id %q is there twice", id)
			}
			ids[id] = true
		}
	}
	for _, n := range all(doc, func(*html.Node) bool { return true }) {
		for _, key := range []string{"for", "aria-labelledby", "aria-describedby"} {
			if id, ok := attribute(n, key); ok && !ids[id] {
				t.Errorf("<%s %s=%q> points nowhere", n.Data, key, id)
			}
		}
	}
}

func checkLabels(t *testing.T, doc *html.Node) {
	t.Helper()
	for _, n := range all(doc, tagged("input")) {
		if kind, _ := attribute(n, "type"); kind == "hidden" {
			continue
		}
		id, _ := attribute(n, "id")
		if len(all(doc, having("for", id))) != 1 {
			t.Errorf("field %q has no label", id)
		}
	}
	for _, n := range all(doc, tagged("button", "a", "summary")) {
		_, empty := attribute(n, "id") // a script fills in a name that is not there yet
		if text(n) == "" && !empty {
			t.Errorf("a <%s> says nothing", n.Data)
		}
	}
	for _, n := range all(doc, tagged("form")) {
		method, _ := attribute(n, "method")
		_, action := attribute(n, "action")
		if (method == "post") != action {
			t.Errorf("a form with method %q and action %v", method, action)
		}
	}
}

// TestVisibleNames pins what people, and tests in a browser, look for.
func TestVisibleNames(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	for _, row := range []struct {
		name string
		page any
		tag  string
		want []string
	}{
		{"login_heading", web.LoginPage{Site: signedOut()}, "h1", []string{"Sign in"}},
		{"login_buttons", web.LoginPage{Site: signedOut()}, "button", []string{"Sign in with a passkey", "Use a phone or tablet", "Use a security key"}},
		{"login_more", web.LoginPage{Site: signedOut()}, "summary", []string{"More ways"}},
		{"login_fields", web.LoginPage{Site: signedOut()}, "label", []string{"User name (optional)"}},
		{"setup_heading", web.SetupPage{Site: signedOut()}, "h1", []string{"Create your passkey"}},
		{"setup_buttons", web.SetupPage{Site: signedOut()}, "button", []string{"Create a passkey", "Use a phone or tablet"}},
		{"setup_fields", web.SetupPage{Site: signedOut()}, "label", []string{"User name", "Your name"}},
		{"account_heading", web.AccountPage{Site: signedIn()}, "h1", []string{"Your account"}},
		{
			"account_buttons",
			web.AccountPage{Site: signedIn(), Passkeys: passkeys()[:2], Sessions: sessions()},
			"button",
			[]string{"Sign out", "Save", "Remove", "Save", "Remove", "Add a passkey", "Use a phone or tablet", "End", "End", "End all other sessions", "Keep it", "Remove passkey"},
		},
		{"account_rename", web.AccountPage{Site: signedIn(), Passkeys: passkeys()[:2]}, "summary", []string{"Rename", "Rename"}},
		{
			"learn_headings",
			web.LearnPage{Site: signedOut()},
			"h2",
			[]string{"A key that stays with you", "What the QR code and Bluetooth are for", "When a phone is lost", "Never scan a code that somebody sent you"},
		},
		{"home_buttons", web.HomePage{Site: signedIn(), Sessions: sessions()}, "button", []string{"Sign out", "End", "End"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, n := range all(render(t, p, row.page), tagged(row.tag)) {
				got = append(got, text(n))
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("got <%s> %q, want %q", row.tag, got, row.want)
			}
		})
	}
}
