package ble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/godbus/dbus/v5"
)

// named says whether err is the D-Bus error of that name.
func named(err error, name string) bool {
	e, ok := errors.AsType[dbus.Error](err)
	return ok && e.Name == name
}

// errOddAnswer is of answers that have other types than they should.
var errOddAnswer = errors.New("the answer has another type than it should")

// answer is the one value that a call was answered with.
func answer[T any](c *dbus.Call) (value T, err error) {
	if c.Err != nil {
		return value, c.Err
	}
	if len(c.Body) == 1 {
		if value, ok := c.Body[0].(T); ok {
			return value, nil
		}
	}
	return value, errOddAnswer
}

// judge makes an error of a call that failed while doing something. An end of the
// caller's context stays what it is.
func judge(ctx context.Context, doing string, err error) error {
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return fmt.Errorf("ble: %s: %w", doing, ctx.Err())
	}
	if errors.Is(err, errOddAnswer) {
		return failure(CodeFailed, "%s: %w", doing, err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return failure(CodeFailed, "%s: no answer within %s", doing, callTimeout)
	}
	e, ok := errors.AsType[dbus.Error](err)
	if !ok {
		if errors.Is(err, dbus.ErrClosed) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return failure(CodeLost, "%s: the connection to D-Bus has ended", doing)
		}
		return failure(CodeLost, "%s: %w", doing, err)
	}
	return failure(codeOf(e.Name), "%s: %s", doing, described(e))
}

// codeOf is what an error of BlueZ or the bus means when nothing is special.
func codeOf(name string) Code {
	switch name {
	case "org.freedesktop.DBus.Error.AccessDenied", "org.freedesktop.DBus.Error.AuthFailed",
		"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired",
		"org.bluez.Error.NotAuthorized", "org.bluez.Error.NotPermitted":
		return CodeNoPermission
	case "org.bluez.Error.NotReady":
		return CodePoweredOff
	case "org.bluez.Error.InProgress":
		return CodeBusy
	case "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
		"org.freedesktop.DBus.Error.Disconnected", "org.freedesktop.DBus.Error.NoReply":
		return CodeLost
	case "org.freedesktop.DBus.Error.UnknownObject", "org.freedesktop.DBus.Error.UnknownInterface",
		"org.freedesktop.DBus.Error.UnknownMethod":
		return CodeNoAdapter
	}
	return CodeFailed
}

// maxWords is how much of somebody else's sentence goes into ours.
const maxWords = 200

// described is the error's name and what it says, quoted: both come from elsewhere.
func described(e dbus.Error) string {
	name := fmt.Sprintf("%.*q", maxWords, e.Name)
	name = strings.Trim(name, `"`)
	if len(e.Body) > 0 {
		if words, ok := e.Body[0].(string); ok && words != "" {
			return fmt.Sprintf("%s: %.*q", name, maxWords, words)
		}
	}
	return name
}
