package ble

import (
	"fmt"
	"strings"

	"github.com/godbus/dbus/v5"
)

// systemBus is where the system bus is on every distribution (D-Bus
// Specification, "Well-known Message Bus Instances").
const systemBus = "unix:path=/var/run/dbus/system_bus_socket"

// parseAddress reads a D-Bus address: the unix sockets in it, in the order in
// which they are to be tried, as package net names them. Other transports are
// not BlueZ's, and one of them would start a program: they are refused.
func parseAddress(address string) ([]string, error) {
	var sockets []string
	for entry := range strings.SplitSeq(address, ";") {
		if entry == "" {
			continue
		}
		keys, ok := strings.CutPrefix(entry, "unix:")
		if !ok {
			return nil, fmt.Errorf("bus address %q is not one of a unix socket", entry)
		}
		socket := ""
		for pair := range strings.SplitSeq(keys, ",") {
			key, value, _ := strings.Cut(pair, "=")
			value, err := dbus.UnescapeBusAddressValue(value)
			if err != nil {
				return nil, fmt.Errorf("bus address %q: bad escape", entry)
			}
			switch key {
			case "path":
				socket = value
			case "abstract":
				socket = "@" + value
			}
		}
		if socket == "" || socket == "@" {
			return nil, fmt.Errorf("bus address %q names no socket", entry)
		}
		sockets = append(sockets, socket)
	}
	if len(sockets) == 0 {
		return nil, fmt.Errorf("bus address %q is empty", address)
	}
	return sockets, nil
}
