package main

import (
	"context"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hitherauth/hither/authenticator"
	"github.com/hitherauth/hither/internal/ble/bletest"
	"github.com/hitherauth/hither/tunnel/relay"
)

// hasAir reports whether there can be a bus here. With CI set there must.
func hasAir() bool {
	if runtime.GOOS != "linux" {
		return false
	}
	_, err := exec.LookPath("dbus-daemon")
	return err == nil || os.Getenv("CI") != ""
}

// air [none|off] makes a bus with a fake BlueZ on it, whose adapter is on, missing
// or off, for all programs of the script that are started from now on.
func air(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: air [none|off]")
	}
	bus, err := bletest.StartBus(context.Background(), bletest.BusConfig{})
	ts.Check(err)
	ts.Defer(func() { ts.Check(bus.Close()) })
	config := bletest.Config{Interval: 10 * time.Millisecond}
	if len(args) > 0 && args[0] == "none" {
		config.Adapters = []string{}
	}
	bluez, err := bletest.StartBlueZ(context.Background(), bus.Address(), config)
	ts.Check(err)
	ts.Defer(func() { _ = bluez.Close() })
	if len(args) > 0 && args[0] == "off" {
		bluez.SetPower(false)
	}
	*ts.Value(airKey{}).(**bletest.BlueZ) = bluez
	ts.Setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.Address())
}

// tunnels starts a tunnel service over TLS and sets TUNNEL, a value of --tunnel.
// With ! it ends the one that was started.
func tunnelService(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: tunnels")
	}
	service := relay.New(relay.Config{})
	server := httptest.NewTLSServer(service)
	ts.Defer(func() {
		ctx, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		ts.Check(service.Shutdown(ctx))
		server.Close()
	})
	ca := ts.MkAbs("ca.pem")
	ts.Check(os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	ts.Setenv("TUNNEL", "0xf980="+strings.Replace(server.URL, "https://", "wss://", 1)+",ca="+ca)
}

// appears FILE waits until there is one.
func appears(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: appears FILE")
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
	}
	ts.Fatalf("%s does not appear", args[0])
}

// quick PASSFILE makes the vault of this script's home, whose passphrase takes
// little work to try.
func quickVault(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: quick PASSFILE")
	}
	key, err := authenticator.PassphraseKey(strings.TrimSpace(ts.ReadFile(args[0])), 10)
	ts.Check(err)
	path := ts.MkAbs("home/hither/vault.age")
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o700))
	_, err = authenticator.CreateVault(context.Background(), path, key)
	ts.Check(err)
}
