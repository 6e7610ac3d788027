package ble_test

import (
	"github.com/hitherauth/hither/hybrid"
	"github.com/hitherauth/hither/internal/ble"
)

var (
	_ hybrid.Scanner    = (*ble.Radio)(nil)
	_ hybrid.Advertiser = (*ble.Radio)(nil)
)
