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
// It needs Linux and the programs Xvfb, dbus-daemon and Chromium, and no privileges;
// [Check] says which are missing.
//
// # A scene
//
// [Start] makes a bed, [Bed.NewPhone] a phone in it, [Bed.Browser] a Chromium, which
// any library for the DevTools protocol can drive ([Browser.DevTools]). When the page
// has asked for a passkey, [Phone.ScanScreen] takes the QR code from the screen and
// [Scan.Answered] waits until the browser has its answer. A browser that something
// else starts, such as a driver of WebDriver, is in the bed with [Bed.Environ] and
// [Bed.ChromiumFlags].
//
// [Phone.SetManner] and [PhoneConfig].Verifier are the person who holds the phone. A
// [Fault] is what goes wrong with the phone, [Air] what goes wrong between it and the
// browser. [Bed.Events] are what happened.
//
// Programs in other languages have the same from the command hither testbed.
package testbed
