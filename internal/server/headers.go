package server

import (
	"net/http"

	"github.com/hitherauth/hither/web"
)

// permissionsPolicy lets this origin alone use passkeys and gives away
// nothing else. The list names what current browsers know; they complain
// about names that they do not.
const permissionsPolicy = "publickey-credentials-get=(self), publickey-credentials-create=(self), " +
	"accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), " +
	"gyroscope=(), hid=(), identity-credentials-get=(), idle-detection=(), local-fonts=(), magnetometer=(), microphone=(), " +
	"midi=(), otp-credentials=(), payment=(), picture-in-picture=(), screen-wake-lock=(), serial=(), storage-access=(), " +
	"usb=(), xr-spatial-tracking=()"

// securityHeaders are what every answer carries, whatever becomes of the
// request. Only assets, whose names change with their content, and
// /.well-known/webauthn override Cache-Control.
func securityHeaders(secure bool) http.Header {
	h := http.Header{}
	h.Set("Content-Security-Policy", web.ContentSecurityPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", permissionsPolicy)
	h.Set("X-Frame-Options", "DENY") // for what is too old for frame-ancestors
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Cookie, Authorization")
	if secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	return h
}
