package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hitherauth/hither/internal/ble/bletest"
	"github.com/hitherauth/hither/internal/cli"
)

// freePort sets PORT to one that was free a moment ago.
func freePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: port")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // for a moment
	ts.Check(err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	ts.Check(l.Close())
	ts.Setenv("PORT", port)
}

// mirror HOST shows the server at PORT as http://localhost:MIRROR, to which it is
// said that it was asked for HOST: a proxy that was set up for another name.
func mirror(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: mirror HOST")
	}
	to := &url.URL{Scheme: "http", Host: "127.0.0.1:" + ts.Getenv("PORT")}
	transport := &http.Transport{DisableKeepAlives: true}
	s := httptest.NewServer(&httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = args[0]
	}})
	ts.Defer(s.Close)
	ts.Setenv("MIRROR", s.URL[strings.LastIndex(s.URL, ":")+1:])
}

// diagnosis is what hither doctor --json says, by check.
type diagnosis struct {
	ok       bool
	findings map[string]finding
	code     int
	text     string
}

func diagnose(t *testing.T, bus string, args ...string) diagnosis {
	t.Helper()
	var out, log strings.Builder
	code := run(append([]string{"doctor", "--json"}, args...), program{stdout: &out, stderr: &log, getenv: func(name string) string {
		return map[string]string{"DBUS_SYSTEM_BUS_ADDRESS": bus}[name]
	}})
	var said struct {
		OK       bool      `json:"ok"`
		Findings []finding `json:"findings"`
	}
	if err := json.Unmarshal([]byte(out.String()), &said); err != nil {
		t.Fatalf("code %d, %v\n%s%s", code, err, out.String(), log.String())
	}
	d := diagnosis{ok: said.OK, findings: map[string]finding{}, code: code, text: out.String()}
	for _, f := range said.Findings {
		if f.Verdict == failed && (f.Code == "" || f.Detail == "" || f.Remedy == "") {
			t.Errorf("what failed has no code, detail or remedy: %+v", f)
		}
		name := f.Check
		if name == "tunnel" {
			_, name, _ = strings.Cut(f.Subject, "wss://")
			name, _, _ = strings.Cut("tunnel "+name, " (")
		}
		d.findings[name] = f
	}
	if said.OK != (code == cli.ExitOK) || !said.OK && code != cli.ExitFailure {
		t.Errorf("ok is %v and the code %d", said.OK, code)
	}
	return d
}

// wants a verdict and a code of a check.
func (d diagnosis) wants(t *testing.T, check string, v verdict, code string) finding {
	t.Helper()
	f, ok := d.findings[check]
	if !ok || f.Verdict != v || f.Code != code {
		t.Errorf("%s is %s %q, want %s %q\n%s", check, f.Verdict, f.Code, v, code, d.text)
	}
	return f
}

// doctorAir is a bus with a fake BlueZ.
func doctorAir(t *testing.T, config bletest.Config) (address string, bluez *bletest.BlueZ) {
	t.Helper()
	if !hasAir() {
		t.Skip("dbus-daemon is missing: make deps installs it")
	}
	ctx := context.WithoutCancel(t.Context()) // which ends before the cleanups
	bus, err := bletest.StartBus(ctx, bletest.BusConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bus.Close() })
	bluez, err = bletest.StartBlueZ(ctx, bus.Address(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bluez.Close() })
	return bus.Address(), bluez
}

// doctorTunnel is a tunnel service of ours, as a value of --tunnel, whose number is
// in the place of Google's: nothing is asked of the Internet.
func doctorTunnel(t *testing.T) (flag, address string) {
	t.Helper()
	s := quietTLS(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	address = s.Listener.Addr().String()
	return "wss://" + address + ",ca=" + ca, address
}

// nowhere is a service that is not there.
const nowhere = "wss://127.0.0.1:1"

const noBus = "unix:path=/nowhere/bus"

func TestDoctorBluetooth(t *testing.T) {
	t.Parallel()
	tunnelFlag, _ := doctorTunnel(t)
	look := func(t *testing.T, address string) diagnosis {
		return diagnose(t, address, "--tunnel", "0="+tunnelFlag, "--tunnel", "1="+nowhere)
	}
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		d := look(t, noBus)
		d.wants(t, "bluetooth_power", notTried, "")
		if code := d.findings["bluetooth_adapter"].Code; d.ok || code != "no_bus" && code != "unsupported_system" {
			t.Errorf("without a bus: %s", d.text)
		}
	})
	t.Run("in_order", func(t *testing.T) {
		t.Parallel()
		address, _ := doctorAir(t, bletest.Config{})
		d := look(t, address)
		for _, step := range []string{"adapter", "power", "permission", "scan", "advertise"} {
			d.wants(t, "bluetooth_"+step, inOrder, "")
		}
		if !d.ok { // a service that is away stops nobody whose phone is at another
			t.Errorf("not in order:\n%s", d.text)
		}
	})
	t.Run("no_adapter", func(t *testing.T) {
		t.Parallel()
		address, _ := doctorAir(t, bletest.Config{Adapters: []string{}})
		look(t, address).wants(t, "bluetooth_adapter", failed, "no_adapter")
	})
	t.Run("switched_off", func(t *testing.T) {
		t.Parallel()
		address, bluez := doctorAir(t, bletest.Config{})
		bluez.SetPower(false)
		d := look(t, address)
		d.wants(t, "bluetooth_adapter", inOrder, "")
		d.wants(t, "bluetooth_power", failed, "powered_off")
		d.wants(t, "bluetooth_scan", notTried, "")
	})
	t.Run("cannot_advertise", func(t *testing.T) {
		t.Parallel()
		address, _ := doctorAir(t, bletest.Config{Slots: -1})
		d := look(t, address)
		d.wants(t, "bluetooth_scan", inOrder, "")
		d.wants(t, "bluetooth_advertise", warning, "no_advertising")
		if !d.ok { // a sign-in only hears
			t.Errorf("not in order:\n%s", d.text)
		}
	})
	for name, row := range map[string]struct {
		refuse bletest.Refusal
		check  string
		code   string
	}{
		"no_permission":  {bletest.Refusal{Error: bletest.AccessDenied}, "bluetooth_permission", "no_permission"},
		"may_not_listen": {bletest.Refusal{Method: "StartDiscovery", Error: bletest.NotAuthorized}, "bluetooth_permission", "no_permission"},
		"cannot_listen":  {bletest.Refusal{Method: "StartDiscovery", Error: bletest.Failed}, "bluetooth_scan", "failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, bluez := doctorAir(t, bletest.Config{})
			bluez.SetFaults(bletest.Faults{Refusals: []bletest.Refusal{row.refuse}})
			look(t, address).wants(t, row.check, failed, row.code)
		})
	}
}

func TestDoctorTunnels(t *testing.T) {
	t.Parallel()
	flag, address := doctorTunnel(t)
	_, untrusted := doctorTunnel(t)
	t.Run("reached_or_not", func(t *testing.T) {
		t.Parallel()
		d := diagnose(t, noBus, "--tunnel", "0="+flag, "--tunnel", "1="+nowhere, "--tunnel", "300=wss://"+untrusted)
		d.wants(t, "tunnel "+address, inOrder, "")
		d.wants(t, "tunnel 127.0.0.1:1", warning, "connection_refused")
		d.wants(t, "tunnel "+untrusted, warning, "certificate_untrusted")
		d.wants(t, "clock", inOrder, "")
		if _, closed := d.findings["tunnels"]; closed {
			t.Errorf("a network that lets one through is closed:\n%s", d.text)
		}
	})
	t.Run("closed_network", func(t *testing.T) {
		t.Parallel()
		d := diagnose(t, noBus, "--tunnel", "0="+nowhere, "--tunnel", "1=wss://127.0.0.1:2")
		d.wants(t, "tunnel 127.0.0.1:1", warning, "connection_refused")
		if f := d.wants(t, "tunnels", failed, "closed_network"); !strings.Contains(f.Remedy, "cable.ua5v.com") {
			t.Errorf("what to ask for is not said: %s", f.Remedy)
		}
	})
}

// TestDoctorHostileServer asks servers that are not what they should be.
func TestDoctorHostileServer(t *testing.T) {
	t.Parallel()
	begun := `{"ceremony":"c","publicKey":{"challenge":"AAECAwQFBgcICQoLDA0ODw","rpId":"localhost"}}`
	for name, row := range map[string]struct {
		date, body, contentType string
		status                  int
		check                   string
		verdict                 verdict
		code                    string
	}{
		"in_order":       {status: 200, body: begun, check: "server_rp_id", verdict: inOrder},
		"another_day":    {status: 200, body: begun, date: "Mon, 01 Jan 2024 00:00:00 GMT", check: "clock", verdict: failed, code: "clock_wrong"},
		"no_date":        {status: 200, body: begun, date: "soon", check: "server_rp_id", verdict: inOrder},
		"public_suffix":  {status: 200, body: strings.Replace(begun, "localhost", "com", 1), check: "server_rp_id", verdict: failed, code: "rp_id_foreign"},
		"another_RP_ID":  {status: 200, body: strings.Replace(begun, "localhost", "evil.test", 1), check: "server_rp_id", verdict: failed, code: "rp_id_foreign"},
		"not_Hither":     {status: 200, body: "<html>", check: "server_reached", verdict: failed, code: "not_hither"},
		"no_options":     {status: 200, body: `{"publicKey":{}}`, check: "server_rp_id", verdict: failed, code: "options_malformed"},
		"not_found":      {status: 404, body: "<html>", check: "server_reached", verdict: failed, code: "refused"},
		"redirect":       {status: 302, body: "", check: "server_reached", verdict: failed, code: "refused"},
		"another_name":   {status: 421, body: `{"code":"misdirected","detail":"\u001b[2Jnot here"}`, check: "server_origin", verdict: failed, code: "misdirected"},
		"paints_screens": {status: 503, body: `{"code":"x","detail":"\u001b[2J"}`, check: "server_reached", verdict: failed, code: "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if row.date != "" {
					w.Header().Set("Date", row.date)
				}
				w.Header().Set("Location", "http://127.0.0.1:1/")
				w.WriteHeader(row.status)
				_, _ = w.Write([]byte(row.body))
			}))
			defer s.Close()
			d := diagnose(t, noBus, "--tunnel", "0="+nowhere, "--tunnel", "1="+nowhere, strings.Replace(s.URL, "127.0.0.1", "localhost", 1))
			d.wants(t, row.check, row.verdict, row.code)
			if strings.Contains(d.text, `\u001b`) {
				t.Errorf("the screen is the server's to paint:\n%s", d.text)
			}
		})
	}
	for name, host := range map[string]string{"certificate_untrusted": "127.0.0.1", "certificate_foreign": "localhost"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := quietTLS(t).URL
			d := diagnose(t, noBus, "--tunnel", "0="+nowhere, "--tunnel", "1="+nowhere, strings.Replace(url, "127.0.0.1", host, 1))
			d.wants(t, "server_reached", failed, name)
			d.wants(t, "server_rp_id", notTried, "")
		})
	}
}

// quietTLS is a server with TLS that does not complain about those who do not trust it.
func quietTLS(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// TestUnreached: an error that says more is not taken for one that says less.
func TestUnreached(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"no_such_name": &url.Error{Err: &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "x"}}},
		"tls_failed":   &url.Error{Err: tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}},
		"unreachable":  &url.Error{Err: errors.New("network is unreachable")},
	} {
		code, detail, remedy := unreached(err)
		if code != want || detail == "" || remedy == "" || strings.Contains(detail, "dial") {
			t.Errorf("%v: %s, %q, %q", err, code, detail, remedy)
		}
	}
}

// TestClockCheck: the server's clock counts, and full seconds are no difference.
func TestClockCheck(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(ahead time.Duration) *probe {
		return &probe{sent: now, answered: now.Add(time.Second), date: now.Add(-ahead)}
	}
	for name, row := range map[string]struct {
		ahead   time.Duration
		verdict verdict
		says    string
	}{
		"equal":     {0, inOrder, "agrees with server"},
		"a_little":  {50 * time.Second, inOrder, "agrees with server"},
		"ahead":     {2 * time.Hour, failed, "2h0m0s ahead of that of server"},
		"behind":    {-2 * time.Minute, failed, "2m0s behind that of server"},
		"last_year": {365 * 24 * time.Hour, failed, "8760h0m0s ahead of that of server"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c clockCheck
			c.saw(at(7*time.Hour), "tunnel", false)
			c.saw(at(row.ahead), "server", true)
			c.saw(at(9*time.Hour), "tunnel", false)
			if f := c.finding(); f.Verdict != row.verdict || f.Detail != row.says {
				t.Errorf("got %+v", f)
			}
		})
	}
}
