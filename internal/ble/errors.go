package ble

import "fmt"

// Code says what is wrong with Bluetooth, for programs. Codes are stable.
type Code string

// What can be wrong.
const (
	CodeUnsupported   Code = "unsupported_system" // Bluetooth is supported on Linux only
	CodeNoBus         Code = "no_bus"             // no D-Bus at the address
	CodeNoBlueZ       Code = "no_bluez"           // nothing on the bus is BlueZ
	CodeNoAdapter     Code = "no_adapter"         // BlueZ has no adapter, or not the one that was named
	CodePoweredOff    Code = "powered_off"        // the adapter is switched off
	CodeNoPermission  Code = "no_permission"      // the bus or BlueZ does not let this program do that
	CodeNoAdvertising Code = "no_advertising"     // the adapter can listen, and cannot send adverts
	CodeNoSlot        Code = "no_advert_slot"     // other programs have all adverts that the adapter can send
	CodeAdvertRefused Code = "advert_refused"     // BlueZ does not want this advert
	CodeBusy          Code = "busy"               // BlueZ is busy with something else and stays so
	CodeLost          Code = "lost"               // bus, BlueZ or adapter went away in the middle
	CodeFailed        Code = "failed"             // anything else that BlueZ says
)

// Error is what is wrong with Bluetooth.
type Error struct {
	Code Code
	Err  error // what was seen, for people
}

// Error is what was seen, in a sentence.
func (e *Error) Error() string { return "ble: " + e.Err.Error() }

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// Hint is what its reader can do about it: a sentence without a full stop, for
// people. It depends on the code only.
func (e *Error) Hint() string {
	switch e.Code {
	case CodeUnsupported:
		return "Bluetooth works on Linux only; on this machine, sign in with a browser"
	case CodeNoBus:
		return "start the D-Bus system bus, or set DBUS_SYSTEM_BUS_ADDRESS to its address; a container must be given the socket /run/dbus/system_bus_socket"
	case CodeNoBlueZ:
		return "install BlueZ (Debian: bluez) and start it: systemctl enable --now bluetooth"
	case CodeNoAdapter:
		return "plug in a Bluetooth adapter; if there is one, `rfkill list` and the kernel's log say why it is not seen"
	case CodePoweredOff:
		return "switch Bluetooth on: bluetoothctl power on; if that fails, rfkill unblock bluetooth"
	case CodeNoPermission:
		return "join the group that may use Bluetooth (Debian: adduser NAME bluetooth) and sign in to this machine again"
	case CodeNoAdvertising:
		return "use another adapter, of Bluetooth 4.0 or later: this one cannot send adverts"
	case CodeNoSlot:
		return "stop another program that sends adverts, or restart BlueZ: systemctl restart bluetooth"
	case CodeBusy:
		return "try again in a moment: another program is starting or ending a search"
	case CodeLost:
		return "see whether Bluetooth is still on (bluetoothctl show), then try again"
	case CodeAdvertRefused, CodeFailed:
		return "look into the log of BlueZ: journalctl --unit bluetooth"
	}
	return ""
}

func failure(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Err: fmt.Errorf(format, args...)}
}
