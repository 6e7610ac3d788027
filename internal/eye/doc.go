// Package eye reads QR codes: from pictures, and from the screen of an X server.
package eye
