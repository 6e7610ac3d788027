package control_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/clientplatform"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/ble"
	"github.com/hitherauth/hither/tunnel"
	"github.com/hitherauth/hither/webauthn"
)

const origin = "https://id.example.test"

// visitor is what a phone meets: a client platform in the place of the browser. It
// shows QR codes to who takes their texts.
type visitor struct {
	codes chan string
	done  chan error // how each ceremony ended
}

// visit has a passkey created by the phone that scans, until the test ends.
func (h *house) visit(t *testing.T) *visitor {
	t.Helper()
	v := &visitor{codes: make(chan string), done: make(chan error, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	var work sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		work.Wait()
	})
	work.Go(func() { v.done <- h.create(ctx, v.codes) })
	return v
}

func (h *house) create(ctx context.Context, codes chan<- string) error {
	var bus string
	for _, entry := range h.bed.Environ() {
		if address, ok := strings.CutPrefix(entry, "DBUS_SYSTEM_BUS_ADDRESS="); ok {
			bus = address
		}
	}
	radio, err := ble.Open(ctx, ble.Config{BusAddress: bus})
	if err != nil {
		return err
	}
	domain, service := h.bed.Tunnel()
	conn, err := hybrid.Initiate(ctx, hybrid.Config{
		Scanner: radio,
		Show: func(text string) error {
			select {
			case codes <- text:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		},
		Transport: hybrid.Transport{Services: map[hybrid.Domain]tunnel.Service{domain: service}},
	})
	if err != nil {
		return err
	}
	defer conn.Close()
	client, err := clientplatform.New(clientplatform.Config{Origin: origin})
	if err != nil {
		return err
	}
	_, err = client.Create(ctx, conn, webauthn.CreationOptions{
		RP:         webauthn.RelyingPartyEntity{ID: "id.example.test", Name: "Example"},
		User:       webauthn.UserEntity{ID: webauthn.Bytes("handle"), Name: "alice", DisplayName: "Alice"},
		Challenge:  webauthn.Bytes("0123456789abcdef0123456789abcdef"),
		Parameters: []webauthn.CredentialParameter{{Type: "public-key", Algorithm: webauthn.ES256}},
		AuthenticatorSelection: webauthn.AuthenticatorSelection{
			ResidentKey: "required", RequireResidentKey: true, UserVerification: "required",
		},
	})
	return err
}

func scanBody(text, more string) string { return fmt.Sprintf(`{"text": %q%s}`, text, more) }

func TestScan(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.ask(t, http.MethodPost, "/v1/phones", `{"name": "Anna"}`)
	v := h.visit(t)
	scan := h.ask(t, http.MethodPost, "/v1/phones/phone-1/scans", scanBody(<-v.codes, ""))
	if err := <-v.done; err != nil {
		t.Fatal(err)
	}
	if scan["id"] != "scan-1" || scan["answered_at"] == nil || scan["error"] != nil {
		t.Errorf("got %v", scan)
	}
	passkeys := h.ask(t, http.MethodGet, "/v1/phones/phone-1", "")["passkeys"].([]any)
	if len(passkeys) != 1 || passkeys[0].(object)["rp_id"] != "id.example.test" || passkeys[0].(object)["user_name"] != "alice" || passkeys[0].(object)["user_display_name"] != "Alice" {
		t.Fatalf("got %v", passkeys)
	}
	passkey := "/v1/phones/phone-1/passkeys/" + passkeys[0].(object)["id"].(string)
	h.ask(t, http.MethodDelete, passkey, "")
	h.refused(t, http.StatusNotFound, "not_found", http.MethodDelete, passkey, "")
	eventually(t, func() bool {
		return h.ask(t, http.MethodGet, "/v1/phones/phone-1/scans/scan-1", "")["state"] == "ended"
	})

	events := h.ask(t, http.MethodGet, "/v1/events", "")["events"].([]any)
	var kinds []string
	for i, e := range events {
		e := e.(object)
		if e["id"] != float64(i+1) || e["phone"] != "phone-1" {
			t.Errorf("event %d: %v", i, e)
		}
		kinds = append(kinds, e["kind"].(string))
	}
	// Among them and in this order.
	want := []string{"phone_made", "qr_read", "handshake_done", "asked", "agreed", "reply_sent", "closed"}
	kinds = slices.DeleteFunc(kinds, func(k string) bool { return !slices.Contains(want, k) })
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Error(diff)
	}
	after := fmt.Sprintf("/v1/events?after=%d", len(events))
	if more := h.ask(t, http.MethodGet, after, "")["events"].([]any); len(more) != 0 {
		t.Errorf("there is more: %v", more)
	}
	if more := h.ask(t, http.MethodGet, after+"&wait_ms=1", "")["events"].([]any); len(more) != 0 {
		t.Errorf("there is more: %v", more)
	}
	go h.bed.SetPower(false)
	if more := h.ask(t, http.MethodGet, after+"&wait_ms=30000", "")["events"].([]any); len(more) != 1 || more[0].(object)["kind"] != "power_off" {
		t.Errorf("got %v", more)
	}
}

func TestQuestion(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.ask(t, http.MethodPost, "/v1/phones", "")
	h.ask(t, http.MethodPatch, "/v1/phones/phone-1", `{"answer": "ask"}`)
	v := h.visit(t)
	scan := h.ask(t, http.MethodPost, "/v1/phones/phone-1/scans", scanBody(<-v.codes, `, "until": "asked"`))
	if scan["state"] != "asked" || scan["answered_at"] != nil {
		t.Errorf("got %v", scan)
	}
	question := h.ask(t, http.MethodGet, "/v1/phones/phone-1/question?wait_ms=30000", "")
	want := object{
		"action": "create", "rp_id": "id.example.test", "rp_name": "Example", "accounts": []any{object{"name": "alice", "display_name": "Alice"}},
	}
	if diff := cmp.Diff(want, question); diff != "" {
		t.Error(diff)
	}
	h.refused(t, http.StatusBadRequest, "value_invalid", http.MethodPost, "/v1/phones/phone-1/answer", `{"agree": true, "account": 1}`)
	// Of all answers at once one counts.
	statuses := make([]int, 8)
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() {
			statuses[i] = h.send(t, http.MethodPost, "/v1/phones/phone-1/answer", `{"agree": true}`, nil).status
		})
	}
	all.Wait()
	slices.Sort(statuses)
	if diff := cmp.Diff([]int{204, 404, 404, 404, 404, 404, 404, 404}, statuses); diff != "" {
		t.Error(diff)
	}
	if err := <-v.done; err != nil {
		t.Error(err)
	}
	eventually(t, func() bool {
		return h.ask(t, http.MethodGet, "/v1/phones/phone-1/scans/scan-1", "")["answered_at"] != nil
	})
}

// TestDecline has a person say no, in each way.
func TestDecline(t *testing.T) {
	t.Parallel()
	h := start(t)
	for i, change := range []string{`{"answer": "decline"}`, `{"answer": "agree", "faults": ["declines"]}`, `{"answer": "ask", "faults": []}`} {
		phone := fmt.Sprintf("/v1/phones/phone-%d", i+1)
		h.ask(t, http.MethodPost, "/v1/phones", "")
		h.ask(t, http.MethodPatch, phone, change)
		v := h.visit(t)
		if strings.Contains(change, "ask") {
			h.ask(t, http.MethodPost, phone+"/scans", scanBody(<-v.codes, `, "until": "asked"`))
			h.ask(t, http.MethodGet, phone+"/question?wait_ms=30000", "")
			h.ask(t, http.MethodPost, phone+"/answer", `{"agree": false}`)
		} else if scan := h.ask(t, http.MethodPost, phone+"/scans", scanBody(<-v.codes, "")); scan["answered_at"] == nil || scan["error"] != nil {
			t.Errorf("%s: %v", change, scan) // a no is an answer
		}
		if err := <-v.done; err == nil {
			t.Errorf("%s: a passkey was created", change)
		}
	}
}

// TestScanThatComesToNothing has what a scan can end with instead of an answer.
func TestScanThatComesToNothing(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.ask(t, http.MethodPost, "/v1/phones", "")
	scans := "/v1/phones/phone-1/scans"

	h.ask(t, http.MethodPatch, "/v1/phones/phone-1", `{"faults": ["drop_request"]}`)
	scan := h.ask(t, http.MethodPost, scans, scanBody(<-h.visit(t).codes, ""))
	if fate, _ := scan["error"].(object); scan["state"] != "ended" || fate["code"] != "dropped" || !strings.Contains(fate["detail"].(string), "drop_request") {
		t.Errorf("got %v", scan)
	}

	// Nobody comes: the time is over, and with it the scan.
	h.ask(t, http.MethodPatch, "/v1/phones/phone-1", `{"faults": ["no_advert"]}`)
	h.refused(t, http.StatusGatewayTimeout, "timeout", http.MethodPost, scans, scanBody(<-h.visit(t).codes, `, "timeout_ms": 50`))
	gone := h.ask(t, http.MethodGet, scans+"/scan-2", "")
	if fate, _ := gone["error"].(object); gone["state"] != "ended" || fate["code"] != "hung_up" {
		t.Errorf("got %v", gone)
	}

	// Who asked goes: the same.
	code := <-h.visit(t).codes
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan struct{})
	go func() {
		defer close(left)
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.api.URL()+scans, strings.NewReader(scanBody(code, "")))
		if err != nil {
			t.Error(err)
			return
		}
		r.Header.Set("Authorization", "Bearer "+h.api.Token().Reveal())
		r.Header.Set("Content-Type", "application/json")
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		if response, err := client.Do(r); err == nil {
			t.Error(response.Status)
			_ = response.Body.Close()
		}
	}()
	eventually(t, func() bool { return h.send(t, http.MethodGet, scans+"/scan-3", "", nil).status == http.StatusOK })
	leave()
	<-left
	eventually(t, func() bool { return h.ask(t, http.MethodGet, scans+"/scan-3", "")["state"] == "ended" })

	// Hung up, and by another scan.
	for i, end := range []func(){
		func() { h.ask(t, http.MethodDelete, scans+"/scan-4", "") },
		func() { h.ask(t, http.MethodPost, scans, scanBody(<-h.visit(t).codes, `, "until": "read"`)) },
	} {
		scan := h.ask(t, http.MethodPost, scans, scanBody(<-h.visit(t).codes, `, "until": "read"`))
		if scan["state"] != "read" {
			t.Errorf("got %v", scan)
		}
		end()
		gone := h.ask(t, http.MethodGet, scans+"/"+scan["id"].(string), "")
		if fate, _ := gone["error"].(object); gone["state"] != "ended" || fate["code"] != "hung_up" {
			t.Errorf("%d: got %v", i, gone)
		}
	}

	// A phone that is removed hangs up.
	v := h.visit(t)
	h.ask(t, http.MethodPatch, "/v1/phones/phone-1", `{"answer": "ask", "faults": []}`)
	h.ask(t, http.MethodPost, scans, scanBody(<-v.codes, `, "until": "asked"`))
	h.ask(t, http.MethodDelete, "/v1/phones/phone-1", "")
	if err := <-v.done; err == nil {
		t.Error("a passkey was created")
	}
}

// TestOldScansAreForgotten has a phone scan once more than it remembers.
func TestOldScansAreForgotten(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.ask(t, http.MethodPost, "/v1/phones", "")
	const phone = "/v1/phones/phone-1"
	h.ask(t, http.MethodPatch, phone, `{"faults": ["no_advert"]}`)
	body := scanBody(<-h.visit(t).codes, `, "until": "read"`)
	for range 33 {
		h.ask(t, http.MethodPost, phone+"/scans", body)
	}
	h.refused(t, http.StatusNotFound, "not_found", http.MethodGet, phone+"/scans/scan-1", "")
	h.ask(t, http.MethodGet, phone+"/scans/scan-2", "")
	h.ask(t, http.MethodDelete, phone+"/scans/scan-33", "")
}
