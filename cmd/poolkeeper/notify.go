package main

import "net"

// What systemd is told: sd_notify(3).
const (
	notifyReady     = "READY=1"
	notifyReloading = "RELOADING=1"
	notifyStopping  = "STOPPING=1"
	// notifyWait asks for an hour, in microseconds, before a start counts as failed.
	notifyWait = "EXTEND_TIMEOUT_USEC=3600000000"
)

// notify tells the service manager, if one listens, how the server stands. That it can not be
// told is no reason to do anything else: it says itself when it has waited too long.
func (p *program) notify(state string) {
	socket := p.getenv("NOTIFY_SOCKET")
	if socket == "" {
		return
	}
	// A name that begins with @ is in the abstract namespace, for Go too.
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return
	}
	_, _ = c.Write([]byte(state))
	_ = c.Close() // as above
}
