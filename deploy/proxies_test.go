//go:build linux

package deploy_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// domain is the name in all files of this folder.
const domain = "id.example"

// place is what a proxy's configuration is changed to, and nothing else.
type place struct {
	dir                  string // for whatever the proxy wants to write
	backend, https, http string // host and port
	cert, key, both      string // PEM files; both is cert and key in one
}

func portOf(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }

// proxy knows how to start one kind of proxy with the file of this folder.
type proxy struct {
	name    string
	command func(*testing.T, place) *exec.Cmd
	// Another name is refused while the connection is made.
	refusesHandshake bool
	// It makes one slash of two, which nothing here depends on.
	mergesSlashes bool
}

// testProxies runs each proxy in front of a hitherd. They are Debian's.
func testProxies(t *testing.T, r release) {
	for _, p := range []proxy{
		{name: "nginx", command: nginx, refusesHandshake: true},
		{name: "caddy", command: caddy, refusesHandshake: true},
		{name: "haproxy", command: haproxy},
		{name: "apache", command: apache, mergesSlashes: true},
	} {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			at := newPlace(t)
			cmd := p.command(t, at) // before anything is started: it may be missing
			cmd.Dir = at.dir
			s := startBehind(t, r, at)
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
					t.Logf("%s\n%s\n%s", cmd, said.Bytes(), s.logged(t))
				}
			})
			testProxy(t, p, s, at)
		})
	}
}

func newPlace(t *testing.T) place {
	t.Helper()
	dir := t.TempDir()
	p := place{
		dir: dir, backend: "127.0.0.1:" + freePort(t), https: "127.0.0.1:" + freePort(t), http: "127.0.0.1:" + freePort(t),
		cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), both: filepath.Join(dir, "both.pem"),
	}
	writeCertificate(t, p.cert, p.key, p.both, &x509.Certificate{DNSNames: []string{domain}})
	return p
}

// writeCertificate writes a new certificate for the names in template, its key, and both in one file.
func writeCertificate(t *testing.T, certFile, keyFile, bothFile string, template *x509.Certificate) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(1)
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	for name, content := range map[string][]byte{certFile: cert, keyFile: key, bothFile: append(cert, key...)} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// startBehind starts hitherd with the configuration file of this folder.
func startBehind(t *testing.T, r release, at place) *server {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), r.hitherd, "serve", "--config", "systemd/hither.yaml")
	cmd.Env = environment("HITHER_LISTEN="+at.backend, "HITHER_DATA_DIR="+filepath.Join(at.dir, "hither-data"))
	s := start(t, cmd)
	if s == nil {
		t.Fatalf("%s is taken", at.backend)
	}
	return s
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func nginx(t *testing.T, p place) *exec.Cmd {
	program := need(t, "nginx", "/usr/sbin/nginx")
	copyWith(t, "proxies/nginx.conf", filepath.Join(p.dir, "site.conf"), map[string]string{
		"127.0.0.1:8080": p.backend, "listen 443 ": "listen " + p.https + " ", "listen 80;": "listen " + p.http + ";",
		"/etc/ssl/certs/id.example.pem": p.cert, "/etc/ssl/private/id.example.key": p.key,
	})
	return nginxWith(t, program, p.dir, "access_log off;")
}

// nginxWith is nginx with dir/site.conf, and around it what Debian's nginx.conf has,
// and more.
func nginxWith(t *testing.T, program, dir, more string) *exec.Cmd {
	t.Helper()
	main := write(t, filepath.Join(dir, "nginx.conf"), `
daemon off;
master_process off;
pid nginx.pid;
error_log stderr notice;
events {}
http {
    `+more+`
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include site.conf;
}
`)
	return exec.CommandContext(t.Context(), program, "-e", "stderr", "-p", dir, "-c", main)
}

func caddy(t *testing.T, p place) *exec.Cmd {
	program := need(t, "caddy")
	site := filepath.Join(p.dir, "site")
	// Nobody gives a certificate for this name.
	copyWith(t, "proxies/Caddyfile", site, map[string]string{
		"127.0.0.1:8080": p.backend, "\nid.example {\n": "\nid.example {\n\ttls " + p.cert + " " + p.key + "\n",
	})
	main := write(t, filepath.Join(p.dir, "Caddyfile"), `{
	admin off
	default_bind 127.0.0.1
	https_port `+portOf(p.https)+`
	http_port `+portOf(p.http)+`
}
import site
`)
	cmd := exec.CommandContext(t.Context(), program, "run", "--adapter", "caddyfile", "--config", main)
	cmd.Env = append(os.Environ(), "HOME="+p.dir, "XDG_DATA_HOME="+p.dir, "XDG_CONFIG_HOME="+p.dir)
	return cmd
}

func haproxy(t *testing.T, p place) *exec.Cmd {
	program := need(t, "haproxy", "/usr/sbin/haproxy")
	main := filepath.Join(p.dir, "haproxy.cfg")
	copyWith(t, "proxies/haproxy.cfg", main, map[string]string{
		"127.0.0.1:8080": p.backend, "bind :443": "bind " + p.https, "bind :80": "bind " + p.http,
		"/etc/haproxy/certs/id.example.pem": p.both,
	})
	return exec.CommandContext(t.Context(), program, "-db", "-f", main)
}

func apache(t *testing.T, p place) *exec.Cmd {
	program := need(t, "apache2", "/usr/sbin/apache2")
	const modules = "/usr/lib/apache2/modules"
	copyWith(t, "proxies/apache.conf", filepath.Join(p.dir, "site.conf"), map[string]string{
		"127.0.0.1:8080": p.backend, "*:443": p.https, "*:80": p.http,
		"/etc/ssl/certs/id.example.pem": p.cert, "/etc/ssl/private/id.example.key": p.key,
	})
	var main strings.Builder
	for _, m := range []string{"mpm_event", "authz_core", "socache_shmcb", "ssl", "http2", "proxy", "proxy_http", "headers", "alias"} {
		main.WriteString("LoadModule " + m + "_module " + filepath.Join(modules, "mod_"+m+".so") + "\n")
	}
	main.WriteString("ServerName localhost\nListen " + p.https + "\nListen " + p.http + "\nErrorLog /dev/stderr\nPidFile apache.pid\nDefaultRuntimeDir " + p.dir + "\nInclude site.conf\n")
	if os.Getuid() == 0 {
		main.WriteString("User www-data\nGroup www-data\n")
	}
	file := write(t, filepath.Join(p.dir, "apache.conf"), main.String())
	return exec.CommandContext(t.Context(), program, "-DFOREGROUND", "-d", p.dir, "-f", file)
}
