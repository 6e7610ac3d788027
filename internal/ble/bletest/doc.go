// Package bletest is Bluetooth without hardware: a private D-Bus bus
// ([StartBus]) and on it a fake BlueZ ([StartBlueZ]). Programs that are given the bus's
// address as DBUS_SYSTEM_BUS_ADDRESS speak to it as they speak to the real one,
// and nothing in them knows the difference.
//
// All programs on one bus share one air. What a program advertises through
// org.bluez.LEAdvertisingManager1 becomes, for those that discover, a device with
// that service data; it is gone when the advert is unregistered or its program
// ends. Two buses have nothing in common. [BlueZ] can be switched off and on, can be made
// to fail ([Faults]), and can be made to say what no BlueZ says ([BlueZ.Emit]).
//
// It serves what Chromium asks of BlueZ as well. It needs the program
// dbus-daemon (Debian: dbus), and no privileges.
//
// Where it is simpler than the real one: an adapter hears the adverts that it
// sends itself; devices go away at once when their advert does; filters are
// checked, and of them only DuplicateData has an effect.
package bletest
