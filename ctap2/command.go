package ctap2

import "fmt"

// Command is the first byte of every request, CTAP 2.2 §8.1.
type Command byte

// The commands of CTAP 2.2. [Handle] answers three of them, which are those that
// the hybrid transport has.
const (
	CommandMakeCredential       Command = 0x01
	CommandGetAssertion         Command = 0x02
	CommandGetInfo              Command = 0x04
	CommandClientPIN            Command = 0x06
	CommandReset                Command = 0x07
	CommandGetNextAssertion     Command = 0x08
	CommandBioEnrollment        Command = 0x09
	CommandCredentialManagement Command = 0x0a
	CommandSelection            Command = 0x0b
	CommandLargeBlobs           Command = 0x0c
	CommandConfig               Command = 0x0d
)

// String returns the name in the specification, or the number: "command 0x40".
func (c Command) String() string {
	switch c {
	case CommandMakeCredential:
		return "authenticatorMakeCredential"
	case CommandGetAssertion:
		return "authenticatorGetAssertion"
	case CommandGetInfo:
		return "authenticatorGetInfo"
	case CommandClientPIN:
		return "authenticatorClientPIN"
	case CommandReset:
		return "authenticatorReset"
	case CommandGetNextAssertion:
		return "authenticatorGetNextAssertion"
	case CommandBioEnrollment:
		return "authenticatorBioEnrollment"
	case CommandCredentialManagement:
		return "authenticatorCredentialManagement"
	case CommandSelection:
		return "authenticatorSelection"
	case CommandLargeBlobs:
		return "authenticatorLargeBlobs"
	case CommandConfig:
		return "authenticatorConfig"
	default:
		return fmt.Sprintf("command 0x%02x", byte(c))
	}
}
