// Package eye reads QR codes: from pictures, and from the screen of an X server.
//
// [Find] is for any picture. It finds several codes on one, for a screen may show
// more than one window. A [Screen] is one that somebody looks at again and again:
// a picture that has not changed is not read again.
//
// Nothing is trusted: neither pictures, which may be made so that reading them
// takes long, nor what an X server says about sizes.
package eye
