// Package testbed is a whole scene of signing in across devices, on one computer
// and without hardware: an unmodified Chromium shows its own QR code on a screen in
// memory, phones in software read it from that screen, advertise on a fake radio,
// meet the browser at a relay, and answer.
//
// What is tested is real: the browser, its dialogs, the adverts, the tunnel, the
// handshake, the phone. What is not: the radio waves (a fake BlueZ, on a D-Bus of its
// own, carries adverts from program to program), the glass of the screen, and the
// person. Two beds have nothing in common and may run at the same time.
//
// It needs Linux and the programs Xvfb, dbus-daemon and Chromium, and no privileges.
package testbed
