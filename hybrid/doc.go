// Package hybrid is the hybrid transport of CTAP 2.2: it turns a QR code, a radio
// and a tunnel service into a remote authenticator, and the reverse.
//
// # What happens
//
// A client platform shows a QR code with a secret and a fresh public key, and
// listens. A phone reads the code, opens a tunnel at a tunnel service of its choice,
// and advertises 20 bytes by Bluetooth that only who made the code can decrypt.
// They say where the tunnel is, and hold 80 random bits that are in the key of the
// handshake. Thus whoever finishes the handshake has the code and was near: a code
// that is shown to a victim far away opens nothing, and neither can the tunnel
// service. There is no way around the advert in this package; decision 11 says why.
//
// After the handshake the phone says what it can do. Then it answers requests, each
// with its user's consent, most phones one and then no more. Meanwhile it may ask
// to be remembered, which is called linking. A client platform that has a link needs
// no QR code next time: the tunnel service wakes the phone, and the phone advertises.
// The first kind of transaction is called QR-initiated, the second state-assisted.
//
// # Where to begin
//
// [Initiate] and [InitiateLinked] are a client platform's two doors; they return a
// [Conn], which is a ctap2.Authenticator. [Respond] is a phone's, around any
// authenticator, and [Listen] lets linked client platforms wake it. [Links] and
// [PhoneLinks] are what each remembers, in a [LinkStore].
//
// A program brings the radio, as a [Scanner] or an [Advertiser]. Package hybridtest
// has one in memory.
//
// What this package does not do: judge who may ask for which relying party. That is
// package clientplatform's at one end; at the other, the phone must believe a client
// platform that is near, and shows its user what is asked for.
package hybrid
