package hybrid_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/hybrid/hybridtest"
)

// everything collects what is written, by several goroutines.
type everything struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (e *everything) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.b.Write(p)
}

func (e *everything) say(v any) {
	for _, format := range []string{"%v\n", "%+v\n", "%#v\n", "%x\n", "%d\n"} {
		_, _ = fmt.Fprintf(e, format, v)
	}
}

// TestHostileEyes goes through both journeys, and what fails of them, with
// everything written down that can be: logs at debug, events, errors, links,
// configurations. No secret and no identifier of a tunnel is in it.
func TestHostileEyes(t *testing.T) {
	t.Parallel()
	seen := &everything{}
	scene := hybridtest.NewScene(t)
	scene.AllowLinking(t)
	file := hybrid.NewFileStore(filepath.Join(t.TempDir(), "links.json"))
	scene.Client.Links = hybrid.NewLinks(file)
	phoneStore := &hybrid.MemoryStore{}
	scene.Phone.Linking.Links = hybrid.NewPhoneLinks(phoneStore)
	tell := func(e hybrid.Event) { seen.say(e) }
	scene.Client.Progress, scene.Phone.Progress = tell, tell
	scene.Client.Logger = slog.New(slog.NewJSONHandler(seen, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}))
	scene.Phone.Logger = slog.New(slog.NewTextHandler(seen, &slog.HandlerOptions{Level: slog.LevelDebug}))

	secrets := map[string][]byte{}
	asked := 0
	a := smallAuthenticator{decide: func(context.Context) error {
		if asked++; asked == 2 {
			return ctap2.StatusOperationDenied
		}
		return nil
	}}
	phone := scene.Scan(t, a)
	show := scene.Client.Show
	var qr hybrid.QRCode
	scene.Client.Show = func(text string) (err error) {
		if qr, err = hybrid.ParseQRCode(text); err != nil {
			return err
		}
		secrets["QR text"] = []byte(text)
		return show(text)
	}
	conn, err := hybrid.Initiate(t.Context(), scene.Client)
	if err != nil {
		t.Fatal(err)
	}
	signIn(t, conn, 1)
	_, err = conn.GetAssertion(t.Context(), assertion(2))
	seen.say(err)
	closeAndWait(t, conn, phone)
	_, err = conn.GetAssertion(t.Context(), assertion(3))
	seen.say(err)
	key := qr.Secret.EIDKey()
	eid, ok := key.Open(scene.Ether.Sent()[0])
	if !ok {
		t.Fatal("the advert was not this transaction's")
	}
	tunnelID, routing := qr.Secret.TunnelID(), eid.RoutingID()
	secrets["QR secret"], secrets["EID key"], secrets["tunnel id"] = qr.Secret.Reveal(), key.Reveal(), tunnelID[:]
	secrets["PSK"], secrets["EID"], secrets["routing id and domain"] = qr.Secret.PSK(eid).Reveal(), eid[:], append(routing[:], eid[14:]...)

	links, err := scene.Client.Links.All(t.Context())
	if err != nil || len(links) != 1 {
		t.Fatalf("%d links: %v", len(links), err)
	}
	own, err := scene.Phone.Linking.Links.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	linkSecret := links[0].Secret.Bytes()
	secrets["link secret"], secrets["contact id"] = linkSecret[:], links[0].ContactID
	document, err := phoneStore.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, member := range []string{"contact_secret", "key"} {
		_, after, _ := strings.Cut(string(document), `"`+member+`": "`)
		text, _, _ := strings.Cut(after, `"`)
		if secrets[member], err = base64.RawURLEncoding.DecodeString(text); err != nil || len(secrets[member]) != 32 {
			t.Fatalf("%s of the phone: %v", member, err)
		}
	}
	seen.say(own)
	seen.say(struct{ Links []hybrid.PhoneLink }{own})
	for _, l := range links { // the contact id is what a tunnel service is asked for: it prints, the secret does not
		l.ContactID = nil
		seen.say(l)
	}

	scene.Listen(t, a)
	conn, err = hybrid.InitiateLinked(t.Context(), scene.Client, links[0])
	if err != nil {
		t.Fatal(err)
	}
	signIn(t, conn, 4)
	if err := conn.CloseNow(); err != nil {
		t.Error(err)
	}
	gone := links[0]
	gone.ContactID = append([]byte{0xff}, gone.ContactID[1:]...)
	_, err = hybrid.InitiateLinked(t.Context(), scene.Client, gone)
	seen.say(err)

	seen.mu.Lock()
	defer seen.mu.Unlock()
	text := seen.b.String()
	for _, wanted := range []string{"stage passed", "handshake", "AdvertMatched", "LinkReceived", hybrid.ErrLinkGone.Error()} {
		if !strings.Contains(text, wanted) {
			t.Errorf("nothing is written of %q: does this test still see it?", wanted)
		}
	}
	for name, secret := range secrets {
		decimal := strings.Trim(fmt.Sprintf("%d", secret), "[]")
		for form, shown := range map[string]string{
			"as it is": string(secret), "hex": hex.EncodeToString(secret), "base64": base64.RawStdEncoding.EncodeToString(secret),
			"base64url": base64.RawURLEncoding.EncodeToString(secret), "decimal": decimal,
			"Go": strings.ReplaceAll(decimal, " ", ", "), "Go hex": strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", secret), "[]byte{"), "}"),
		} {
			if strings.Contains(strings.ToLower(text), strings.ToLower(shown)) {
				t.Errorf("the %s is written in %s", name, form)
			}
		}
	}
}
