// Package ble is the radio of the hybrid transport: it hears adverts and sends
// one, by Bluetooth Low Energy. A [Radio] is both a Scanner and an Advertiser in
// the sense of package hybrid, which it does not import.
//
// On Linux it speaks to BlueZ over D-Bus. Other systems have no such radio here:
// [Open] says so with [CodeUnsupported].
//
// It reads service data and nothing else of a device: no names, no addresses, no
// lists of UUIDs, nothing that BlueZ remembers from before. Whatever arrives is
// limited in size before it is decoded, and what has an unexpected type is as if
// it had not been sent. Each scan and each advert has a connection of its own to
// the bus, so that BlueZ ends it when the program ends, however that happens.
//
// Errors are [*Error]: a stable code, a sentence, and what to do about it. The
// fake BlueZ that the tests run against is package bletest.
package ble
