package ctap2

import "fmt"

// StatusCode is the first byte of every response, CTAP 2.2 §8.2. Each of the 256
// values is one, with a name or without, and it is an error: what an authenticator
// answers when it refuses.
//
//nolint:errname // the name in the specification, and in every other implementation
type StatusCode byte

// The status codes of CTAP 2.0 to 2.2.
//
//nolint:errname // the names of the specification, of which one is no error
const (
	StatusOK                     StatusCode = 0x00
	StatusInvalidCommand         StatusCode = 0x01
	StatusInvalidParameter       StatusCode = 0x02
	StatusInvalidLength          StatusCode = 0x03
	StatusInvalidSeq             StatusCode = 0x04
	StatusTimeout                StatusCode = 0x05
	StatusChannelBusy            StatusCode = 0x06
	StatusLockRequired           StatusCode = 0x0a
	StatusInvalidChannel         StatusCode = 0x0b
	StatusCBORUnexpectedType     StatusCode = 0x11
	StatusInvalidCBOR            StatusCode = 0x12
	StatusMissingParameter       StatusCode = 0x14
	StatusLimitExceeded          StatusCode = 0x15
	StatusUnsupportedExtension   StatusCode = 0x16 // CTAP 2.0
	StatusFPDatabaseFull         StatusCode = 0x17
	StatusLargeBlobStorageFull   StatusCode = 0x18
	StatusCredentialExcluded     StatusCode = 0x19
	StatusProcessing             StatusCode = 0x21
	StatusInvalidCredential      StatusCode = 0x22
	StatusUserActionPending      StatusCode = 0x23
	StatusOperationPending       StatusCode = 0x24
	StatusNoOperations           StatusCode = 0x25
	StatusUnsupportedAlgorithm   StatusCode = 0x26
	StatusOperationDenied        StatusCode = 0x27
	StatusKeyStoreFull           StatusCode = 0x28
	StatusNotBusy                StatusCode = 0x29 // CTAP 2.0
	StatusNoOperationPending     StatusCode = 0x2a // CTAP 2.0
	StatusUnsupportedOption      StatusCode = 0x2b
	StatusInvalidOption          StatusCode = 0x2c
	StatusKeepaliveCancel        StatusCode = 0x2d
	StatusNoCredentials          StatusCode = 0x2e
	StatusUserActionTimeout      StatusCode = 0x2f
	StatusNotAllowed             StatusCode = 0x30
	StatusPINInvalid             StatusCode = 0x31
	StatusPINBlocked             StatusCode = 0x32
	StatusPINAuthInvalid         StatusCode = 0x33
	StatusPINAuthBlocked         StatusCode = 0x34
	StatusPINNotSet              StatusCode = 0x35
	StatusPUATRequired           StatusCode = 0x36 // a pinUvAuthToken; a PIN in CTAP 2.0
	StatusPINPolicyViolation     StatusCode = 0x37
	StatusPINTokenExpired        StatusCode = 0x38 // CTAP 2.0
	StatusRequestTooLarge        StatusCode = 0x39
	StatusActionTimeout          StatusCode = 0x3a
	StatusUPRequired             StatusCode = 0x3b
	StatusUVBlocked              StatusCode = 0x3c
	StatusIntegrityFailure       StatusCode = 0x3d
	StatusInvalidSubcommand      StatusCode = 0x3e
	StatusUVInvalid              StatusCode = 0x3f
	StatusUnauthorizedPermission StatusCode = 0x40
	StatusOther                  StatusCode = 0x7f
)

// Error says the code's name and number: "ctap2: CTAP2_ERR_NO_CREDENTIALS (0x2e)".
func (s StatusCode) Error() string {
	if name := s.name(); name != "" {
		return fmt.Sprintf("ctap2: %s (0x%02x)", name, byte(s))
	}
	return "ctap2: " + s.String()
}

// String returns the name in the specification: "CTAP2_ERR_NO_CREDENTIALS". A code
// without one is called by its number: "status 0x41", "extension status 0xe0",
// "vendor status 0xf0".
func (s StatusCode) String() string {
	switch {
	case s.Known():
		return s.name()
	case s.Extension():
		return fmt.Sprintf("extension status 0x%02x", byte(s))
	case s.Vendor():
		return fmt.Sprintf("vendor status 0x%02x", byte(s))
	default:
		return fmt.Sprintf("status 0x%02x", byte(s))
	}
}

// Known reports whether the specification gives s a meaning.
func (s StatusCode) Known() bool { return s.name() != "" }

// Extension reports whether the meaning of s is that of an extension: 0xe0 to 0xef.
func (s StatusCode) Extension() bool { return s >= 0xe0 && s <= 0xef }

// Vendor reports whether the meaning of s is its vendor's: 0xf0 to 0xff.
func (s StatusCode) Vendor() bool { return s >= 0xf0 }

// name is the name in the specification, or "".
func (s StatusCode) name() string {
	names := [...]string{
		StatusOK:                     "CTAP2_OK",
		StatusInvalidCommand:         "CTAP1_ERR_INVALID_COMMAND",
		StatusInvalidParameter:       "CTAP1_ERR_INVALID_PARAMETER",
		StatusInvalidLength:          "CTAP1_ERR_INVALID_LENGTH",
		StatusInvalidSeq:             "CTAP1_ERR_INVALID_SEQ",
		StatusTimeout:                "CTAP1_ERR_TIMEOUT",
		StatusChannelBusy:            "CTAP1_ERR_CHANNEL_BUSY",
		StatusLockRequired:           "CTAP1_ERR_LOCK_REQUIRED",
		StatusInvalidChannel:         "CTAP1_ERR_INVALID_CHANNEL",
		StatusCBORUnexpectedType:     "CTAP2_ERR_CBOR_UNEXPECTED_TYPE",
		StatusInvalidCBOR:            "CTAP2_ERR_INVALID_CBOR",
		StatusMissingParameter:       "CTAP2_ERR_MISSING_PARAMETER",
		StatusLimitExceeded:          "CTAP2_ERR_LIMIT_EXCEEDED",
		StatusUnsupportedExtension:   "CTAP2_ERR_UNSUPPORTED_EXTENSION",
		StatusFPDatabaseFull:         "CTAP2_ERR_FP_DATABASE_FULL",
		StatusLargeBlobStorageFull:   "CTAP2_ERR_LARGE_BLOB_STORAGE_FULL",
		StatusCredentialExcluded:     "CTAP2_ERR_CREDENTIAL_EXCLUDED",
		StatusProcessing:             "CTAP2_ERR_PROCESSING",
		StatusInvalidCredential:      "CTAP2_ERR_INVALID_CREDENTIAL",
		StatusUserActionPending:      "CTAP2_ERR_USER_ACTION_PENDING",
		StatusOperationPending:       "CTAP2_ERR_OPERATION_PENDING",
		StatusNoOperations:           "CTAP2_ERR_NO_OPERATIONS",
		StatusUnsupportedAlgorithm:   "CTAP2_ERR_UNSUPPORTED_ALGORITHM",
		StatusOperationDenied:        "CTAP2_ERR_OPERATION_DENIED",
		StatusKeyStoreFull:           "CTAP2_ERR_KEY_STORE_FULL",
		StatusNotBusy:                "CTAP2_ERR_NOT_BUSY",
		StatusNoOperationPending:     "CTAP2_ERR_NO_OPERATION_PENDING",
		StatusUnsupportedOption:      "CTAP2_ERR_UNSUPPORTED_OPTION",
		StatusInvalidOption:          "CTAP2_ERR_INVALID_OPTION",
		StatusKeepaliveCancel:        "CTAP2_ERR_KEEPALIVE_CANCEL",
		StatusNoCredentials:          "CTAP2_ERR_NO_CREDENTIALS",
		StatusUserActionTimeout:      "CTAP2_ERR_USER_ACTION_TIMEOUT",
		StatusNotAllowed:             "CTAP2_ERR_NOT_ALLOWED",
		StatusPINInvalid:             "CTAP2_ERR_PIN_INVALID",
		StatusPINBlocked:             "CTAP2_ERR_PIN_BLOCKED",
		StatusPINAuthInvalid:         "CTAP2_ERR_PIN_AUTH_INVALID",
		StatusPINAuthBlocked:         "CTAP2_ERR_PIN_AUTH_BLOCKED",
		StatusPINNotSet:              "CTAP2_ERR_PIN_NOT_SET",
		StatusPUATRequired:           "CTAP2_ERR_PUAT_REQUIRED",
		StatusPINPolicyViolation:     "CTAP2_ERR_PIN_POLICY_VIOLATION",
		StatusPINTokenExpired:        "CTAP2_ERR_PIN_TOKEN_EXPIRED",
		StatusRequestTooLarge:        "CTAP2_ERR_REQUEST_TOO_LARGE",
		StatusActionTimeout:          "CTAP2_ERR_ACTION_TIMEOUT",
		StatusUPRequired:             "CTAP2_ERR_UP_REQUIRED",
		StatusUVBlocked:              "CTAP2_ERR_UV_BLOCKED",
		StatusIntegrityFailure:       "CTAP2_ERR_INTEGRITY_FAILURE",
		StatusInvalidSubcommand:      "CTAP2_ERR_INVALID_SUBCOMMAND",
		StatusUVInvalid:              "CTAP2_ERR_UV_INVALID",
		StatusUnauthorizedPermission: "CTAP2_ERR_UNAUTHORIZED_PERMISSION",
		StatusOther:                  "CTAP1_ERR_OTHER",
	}
	if int(s) >= len(names) {
		return ""
	}
	return names[s]
}
