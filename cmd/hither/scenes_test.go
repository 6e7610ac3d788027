package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"regexp"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/ble"
	"github.com/hitherauth/hither/internal/ble/bletest"
	"github.com/hitherauth/hither/tunnel"
)

// dying is the program "dying STAGE PICTURE TUNNEL": a phone that scans a QR code and
// is killed, by nothing that it could do something about, when it has come to a stage.
func dying() {
	if err := dieAt(context.Background(), os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "dying:", err)
	}
	os.Exit(1) // it should not have lived to see this
}

func dieAt(ctx context.Context, stage, picture, service string) error {
	text, err := readImage(picture)
	if err != nil {
		return err
	}
	qr, err := hybrid.ParseQRCode(text)
	if err != nil {
		return err
	}
	domains, services, err := tunnels{service}.parse()
	if err != nil {
		return err
	}
	radio, err := ble.Open(ctx, ble.Config{BusAddress: os.Getenv("DBUS_SYSTEM_BUS_ADDRESS")})
	if err != nil {
		return err
	}
	config := hybrid.ResponderConfig{Advertiser: radio, Domains: domains, Transport: transport(services, voice{stderr: os.Stderr})}
	config.Progress = func(e hybrid.Event) {
		if fmt.Sprintf("%T", e) == "hybrid."+stage {
			if self, err := os.FindProcess(os.Getpid()); err == nil {
				_ = self.Kill()
			}
			select {}
		}
	}
	return hybrid.Respond(ctx, config, qr, authenticator.New(authenticator.Config{Store: &authenticator.MemoryStore{}, Verifier: agreeable{}}))
}

// deaf has nobody hear any advert any more.
func deaf(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 0 {
		ts.Fatalf("usage: deaf")
	}
	faults := bletest.Faults{Lose: -1}
	if neg {
		faults.Lose = 0
	}
	bluezOf(ts).SetFaults(faults)
}

// stranger advertises for somebody else's QR code, until the script ends.
func stranger(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: stranger")
	}
	var secret [16]byte
	_, _ = rand.Read(secret[:])
	eid, err := hybrid.NewEID(rand.Reader, tunnel.RoutingID{}, 0xf980)
	ts.Check(err)
	advert := hybrid.QRSecretFromBytes(secret).EIDKey().Seal(eid)
	ts.Defer(bluezOf(ts).Transmit(map[string][]byte{"0000fff9-0000-1000-8000-00805f9b34fb": advert[:]}))
}

// certificate writes cert.pem and key.pem, for 127.0.0.1.
func certificate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: certificate")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "relay"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	ts.Check(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		ts.Check(os.WriteFile(ts.MkAbs(name), pem.EncodeToMemory(block), 0o600))
	}
}

// relayed FILE sets TUNNEL to the hither relay that has written into the file where it listens.
func relayed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: relayed FILE")
	}
	says(ts, false, []string{args[0], `^listening wss://\S+\n`})
	address := regexp.MustCompile(`wss://\S+`).FindString(ts.ReadFile(args[0]))
	ts.Setenv("TUNNEL", "0xf980="+address+",ca="+ts.MkAbs("cert.pem"))
}
