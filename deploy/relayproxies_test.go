//go:build linux

package deploy_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/hitherauth/hither/tunnel"
)

// relayPlace is what a proxy's configuration is changed to, and nothing else.
type relayPlace struct {
	dir, https      string
	backends        [2]string
	cert, key, both string // PEM files
}

// buildHither builds the program as make does.
func buildHither(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hither")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", path, "../cmd/hither")
	build.Env = append(environment(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, out)
	}
	return path
}

// startRelayPair starts relays of the numbers 0 and 4 and a proxy in front.
func startRelayPair(t *testing.T, command func(*testing.T, relayPlace) *exec.Cmd) *relayPair {
	t.Helper()
	at := newRelayPlace(t)
	cmd := command(t, at) // before anything is started: it may be missing
	cmd.Dir = at.dir
	program := buildHither(t)
	p := &relayPair{dialer: tunnel.New(tunnel.Config{}), proxy: at.https, nodes: map[byte]*exec.Cmd{}}
	for i, node := range []byte{0, 4} {
		relay := exec.CommandContext(t.Context(), program, "relay", "--plain", "--trusted-proxies=127.0.0.1", "--listen", at.backends[i],
			"--node", strconv.Itoa(int(node)), "--waiting-per-network=20", "--grace=2m")
		p.nodes[node] = relay
		out, err := relay.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := relay.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = relay.Wait() }) // stopped with the test
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "listening ws://"+at.backends[i]+"\n" {
			t.Fatalf("relay %d says %q, %v", node, line, err)
		}
	}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it has children
	cmd.WaitDelay = patience
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Wait() // stopped with the test
		if t.Failed() {
			t.Logf("%s\n%s", cmd, said.Bytes())
		}
	})
	text, err := os.ReadFile(at.cert)
	if err != nil {
		t.Fatal(err)
	}
	p.Service = tunnel.Service{URL: "wss://" + at.https, RootCAs: x509.NewCertPool()}
	p.RootCAs.AppendCertsFromPEM(text)
	p.untilReady(t)
	return p
}

// untilReady waits until the proxy and both relays answer.
func (p *relayPair) untilReady(t *testing.T) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.RootCAs}, DisableKeepAlives: true}, Timeout: patience}
	inARow := 0
	for deadline := time.Now().Add(patience); inARow < 4; <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the proxy does not answer")
		}
		a, err := try(t, client, http.MethodGet, "https://"+p.proxy+"/readyz", "")
		inARow++
		if err != nil || a.status != http.StatusOK {
			inARow = 0
		}
	}
}

func newRelayPlace(t *testing.T) relayPlace {
	t.Helper()
	dir := t.TempDir()
	p := relayPlace{
		dir: dir, https: "127.0.0.1:" + freePort(t), backends: [2]string{"127.0.0.1:" + freePort(t), "127.0.0.1:" + freePort(t)},
		cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), both: filepath.Join(dir, "both.pem"),
	}
	writeCertificate(t, p.cert, p.key, p.both, &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	return p
}

func relayNginx(t *testing.T, p relayPlace) *exec.Cmd {
	program := need(t, "nginx", "/usr/sbin/nginx")
	copyWith(t, "relay/nginx.conf", filepath.Join(p.dir, "site.conf"), map[string]string{
		"127.0.0.1:8090": p.backends[0], "127.0.0.1:8091": p.backends[1], "listen 443 ": "listen " + p.https + " ",
		"/etc/ssl/certs/relay.example.pem": p.cert, "/etc/ssl/private/relay.example.key": p.key, "/var/log/nginx/relay.log": "stderr",
	})
	return nginxWith(t, program, p.dir, "")
}

func relayCaddy(t *testing.T, p relayPlace) *exec.Cmd {
	program := need(t, "caddy")
	site := filepath.Join(p.dir, "site")
	// Nobody gives a certificate for this address.
	copyWith(t, "relay/Caddyfile", site, map[string]string{
		"127.0.0.1:8090": p.backends[0], "127.0.0.1:8091": p.backends[1],
		"\nrelay.example {\n": "\nhttps://" + p.https + " {\n\ttls " + p.cert + " " + p.key + "\n",
	})
	main := write(t, filepath.Join(p.dir, "Caddyfile"), "{\n\tadmin off\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1\n}\nimport site\n")
	cmd := exec.CommandContext(t.Context(), program, "run", "--adapter", "caddyfile", "--config", main)
	cmd.Env = append(os.Environ(), "HOME="+p.dir, "XDG_DATA_HOME="+p.dir, "XDG_CONFIG_HOME="+p.dir)
	return cmd
}

func relayHAProxy(t *testing.T, p relayPlace) *exec.Cmd {
	program := need(t, "haproxy", "/usr/sbin/haproxy")
	main := filepath.Join(p.dir, "haproxy.cfg")
	copyWith(t, "relay/haproxy.cfg", main, map[string]string{
		"127.0.0.1:8090": p.backends[0], "127.0.0.1:8091": p.backends[1], "bind :443": "bind " + p.https,
		"/etc/haproxy/certs/relay.example.pem": p.both,
	})
	return exec.CommandContext(t.Context(), program, "-db", "-f", main)
}
