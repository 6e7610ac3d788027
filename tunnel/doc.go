// Package tunnel reaches a tunnel service, the stranger on the Internet through
// which two devices exchange frames that it cannot read: the service's addresses,
// the WebSocket with its limits, and what its answers mean.
//
// What the frames hold is package hybrid's. To be a tunnel service, see
// tunnel/relay.
package tunnel
