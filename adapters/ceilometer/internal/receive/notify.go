package receive

import (
	"net"
	"strings"
)

// Notify tells systemd that the service is in a state, such as READY=1, at the
// socket that it gave in NOTIFY_SOCKET; "" for none.
func Notify(socket, state string) error {
	if socket == "" {
		return nil
	}
	if strings.HasPrefix(socket, "@") {
		socket = "\x00" + socket[1:]
	}
	conn, err := net.Dial("unixgram", socket)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte(state))
	return err
}
