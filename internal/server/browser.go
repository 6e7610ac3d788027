package server

import (
	"net/http"
	"strings"
)

// maxUserAgent is how much of a User-Agent is looked at, in bytes.
const maxUserAgent = 512

// browserName says what a request claims to come from in the words people
// use, such as "Firefox on Linux"; "" when it does not say. It is for people
// who look through their sessions and proves nothing. The result is one of a
// few fixed texts, never a part of the header.
func browserName(h http.Header) string {
	agent := h.Get("User-Agent")
	agent = agent[:min(len(agent), maxUserAgent)]
	brands := h.Get("Sec-Ch-Ua")
	brands = brands[:min(len(brands), maxUserAgent)]

	name, system := browserProduct(agent, brands), operatingSystem(agent)
	switch {
	case name == "":
		return ""
	case system == "":
		return name
	default:
		return name + " on " + system
	}
}

// browserProduct looks at the brands first: browsers made of Chromium are
// told apart only there. The order matters, because each of them also claims
// to be those below it.
func browserProduct(agent, brands string) string {
	for _, b := range [...][2]string{
		{`"Microsoft Edge"`, "Edge"},
		{`"Google Chrome"`, "Chrome"},
		{`"Brave"`, "Brave"},
		{`"Opera"`, "Opera"},
	} {
		if strings.Contains(brands, b[0]) {
			return b[1]
		}
	}
	for _, p := range [...][2]string{
		{"Edg/", "Edge"},
		{"EdgA/", "Edge"},
		{"EdgiOS/", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser/", "Samsung Internet"},
		{"FxiOS/", "Firefox"},
		{"Firefox/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"Chrome/", "Chromium"},
		{"HeadlessChrome/", "Chromium"},
		{"Version/", "Safari"},
		{"hither/", "hither"}, // the tool of this project, which is no browser
	} {
		if strings.Contains(agent, p[0]) {
			return p[1]
		}
	}
	return ""
}

func operatingSystem(agent string) string {
	for _, s := range [...][2]string{
		{"iPhone", "iOS"},
		{"iPad", "iPadOS"},
		{"Android", "Android"},
		{"CrOS", "ChromeOS"},
		{"Windows NT", "Windows"},
		{"Mac OS X", "macOS"},
		{"Linux", "Linux"},
	} {
		if strings.Contains(agent, s[0]) {
			return s[1]
		}
	}
	return ""
}
