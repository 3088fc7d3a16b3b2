package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// The cluster's superuser, and the user who owns the databases. Over TCP the
// server asks for the password; the socket can be reached only by who may enter
// the cluster's directory.
const (
	superuser = "superuser"
	owning    = "artifice"
	password  = "correct horse"
)

// A Cluster is a PostgreSQL server. Its directory is made and removed with it.
type Cluster struct {
	// Host is the loopback address, and Port the port, that it listens on.
	Host string
	Port int
	// Dir is the directory that holds the cluster, its socket, and its log.
	Dir string

	bin     string // the directory of the programs
	user    *owner // nil for the user who runs the tests
	mu      sync.Mutex
	process *process // nil while the server is stopped
	created int      // databases so far
}

// start makes a cluster and starts it.
func start(o Options) (*Cluster, error) {
	bin, err := binaries("/usr/lib/postgresql")
	if err != nil {
		return nil, err
	}
	user, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		return nil, err
	}
	c := &Cluster{Host: "127.0.0.1", Dir: dir, bin: bin, user: user}
	if err := c.init(o); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := c.Start(); err != nil {
		return nil, errors.Join(err, c.remove())
	}
	if err := c.exec("postgres", fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", owning, password)); err != nil {
		return nil, errors.Join(err, c.remove())
	}
	return c, nil
}

func (c *Cluster) data() string { return filepath.Join(c.Dir, "data") }
func (c *Cluster) log() string  { return filepath.Join(c.Dir, "log") }

// init makes the cluster's files. Texts are sorted by a language's rules, as
// servers do that were installed without a thought of it.
func (c *Cluster) init(o Options) error {
	if c.user != nil {
		if err := os.Chown(c.Dir, c.user.uid, c.user.gid); err != nil {
			return err
		}
	}
	secret := filepath.Join(c.Dir, "password")
	if err := errors.Join(os.WriteFile(secret, []byte(password+"\n"), 0o600), c.give(secret)); err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(c.bin, "initdb"), "--pgdata", c.data(), "--username", superuser, "--pwfile", secret,
		"--auth-local", "trust", "--auth-host", "scram-sha-256", "--encoding", "UTF8",
		"--locale", "C.UTF-8", "--locale-provider", "icu", "--icu-locale", "en", "--no-sync")
	cmd.Dir = c.Dir
	c.user.run(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	settings := map[string]string{
		"unix_socket_directories": c.Dir, "dynamic_shared_memory_type": "mmap", // nothing outside of the directory
		"max_connections": "200",
	}
	if o.NoSync {
		settings["fsync"], settings["synchronous_commit"], settings["full_page_writes"] = "off", "off", "off"
	}
	if o.TLS {
		if err := c.certify(); err != nil {
			return err
		}
		settings["ssl"], settings["ssl_cert_file"], settings["ssl_key_file"] = "on", c.CAFile(), filepath.Join(c.Dir, "key.pem")
	}
	for name, value := range o.Settings {
		settings[name] = value
	}
	var text strings.Builder
	for name, value := range settings {
		fmt.Fprintf(&text, "%s = '%s'\n", name, strings.ReplaceAll(value, "'", "''"))
	}
	file := filepath.Join(c.data(), "postgresql.auto.conf")
	return errors.Join(os.WriteFile(file, []byte(text.String()), 0o600), c.give(file))
}

// give hands a file to the server's user.
func (c *Cluster) give(path string) error {
	if c.user == nil {
		return nil
	}
	return os.Chown(path, c.user.uid, c.user.gid)
}

// Start starts the server where it is stopped, and waits until it answers. It
// listens where it did before.
func (c *Cluster) Start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process != nil {
		return nil
	}
	if c.Port != 0 {
		return c.launch(c.Port)
	}
	var err error
	for range 5 { // another program may be faster to take the port
		var port int
		if port, err = freePort(c.Host); err != nil {
			return err
		}
		if err = c.launch(port); err == nil {
			c.Port = port
			return nil
		}
	}
	return err
}

func freePort(host string) (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// launch starts the server's process, and waits until it answers or ends.
func (c *Cluster) launch(port int) error {
	log, err := os.OpenFile(c.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(c.bin, "postgres"), "-D", c.data(),
		"-c", "listen_addresses="+c.Host, "-c", fmt.Sprint("port=", port))
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.Dir, log, log
	c.user.run(cmd)
	p, err := startProcess(cmd)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		if err = ping(ctx, c.url(port, "postgres")); err == nil {
			c.process = p
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("the server did not start: %w\n%s", p.err, c.tail())
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("the server does not answer: %w\n%s", err, c.tail()), p.crash())
		case <-time.After(20 * time.Millisecond): // before it is asked again
		}
	}
}

func ping(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	return errors.Join(conn.Ping(ctx), conn.Close(ctx))
}

// tail is the end of the server's log.
func (c *Cluster) tail() []byte {
	text, err := os.ReadFile(c.log())
	if err != nil {
		return []byte(err.Error())
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-20):], nil)
}

// Kill ends the server and all its processes at once, without a chance to
// write anything or to tell its clients, as a crash does. [Cluster.Start]
// starts it again.
func (c *Cluster) Kill() error { return c.end((*process).crash) }

// Stop ends the server in order; it breaks connections. [Cluster.Start] starts
// it again.
func (c *Cluster) Stop() error { return c.end((*process).stop) }

func (c *Cluster) end(how func(*process) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process == nil {
		return nil
	}
	p := c.process
	c.process = nil
	return how(p)
}

// remove stops the server and removes all that it wrote.
func (c *Cluster) remove() error {
	return errors.Join(c.Stop(), os.RemoveAll(c.Dir))
}
