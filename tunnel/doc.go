// Package tunnel reaches a tunnel service, the stranger on the Internet through
// which two devices exchange messages that it cannot read: the service's addresses,
// the WebSocket with its limits, and what its answers mean.
//
//	d := tunnel.New(tunnel.Config{})
//	channel, routingID, err := d.Create(ctx, service, id)   // a phone
//	channel, err := d.Connect(ctx, service, routingID, id)  // who heard its advert
//	channel, err := d.Contact(ctx, service, contactID, payload)  // who has linked with it
//
// A phone that wants to be reached by those who have linked with it keeps a
// [Contact], see [Dialer.Listen]; only our own service knows how.
//
// Nothing here knows what the frames hold: that is package hybrid's. To be a
// tunnel service, see tunnel/relay. An error says neither path nor identifier.
package tunnel
