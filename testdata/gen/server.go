package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

const rootUser, rootPassword = "root", "root-password"

// release is one etcd release line and the folder that holds its programs.
type release struct {
	line    string // "3.6"
	dir     string // DIR/etcd36
	version string // "3.6.16", asked from the server binary
}

func openRelease(oracles, line string) (*release, error) {
	dir := filepath.Join(oracles, "etcd"+strings.ReplaceAll(line, ".", ""))
	out, err := exec.Command(filepath.Join(dir, "etcd"), "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("etcd %s: %w", line, err)
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return &release{line: line, dir: dir, version: strings.TrimPrefix(first, "etcd Version: ")}, nil
}

func (r *release) tool(name string) string { return filepath.Join(r.dir, name) }

// server is one running etcd process.
type server struct {
	rel       *release
	name      string
	dataDir   string
	clientURL string
	peerURL   string
	cmd       *exec.Cmd
	log       bytes.Buffer
}

func freeURL() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return "http://" + l.Addr().String(), nil
}

// newServer reserves the two URLs of a member; start runs it.
func newServer(rel *release, name, dataDir string) (*server, error) {
	clientURL, err := freeURL()
	if err != nil {
		return nil, err
	}
	peerURL, err := freeURL()
	if err != nil {
		return nil, err
	}
	return &server{rel: rel, name: name, dataDir: dataDir, clientURL: clientURL, peerURL: peerURL}, nil
}

func (s *server) start(initialCluster string, extra ...string) error {
	args := append([]string{
		"--name", s.name,
		"--data-dir", s.dataDir,
		"--listen-client-urls", s.clientURL,
		"--advertise-client-urls", s.clientURL,
		"--listen-peer-urls", s.peerURL,
		"--initial-advertise-peer-urls", s.peerURL,
		"--initial-cluster", initialCluster,
		"--initial-cluster-token", "fixture",
		"--logger", "zap",
		"--log-level", "error",
	}, extra...)
	s.cmd = exec.Command(s.rel.tool("etcd"), args...)
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return s.cmd.Start()
}

// waitUp returns when the server answers on its client port.
func (s *server) waitUp() error {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if resp, err := http.Get(s.clientURL + "/version"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("%s: no answer within 30 s:\n%s", s.name, s.log.String())
}

func (s *server) stop(sig os.Signal) {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = s.cmd.Process.Signal(sig)
	_ = s.cmd.Wait()
	s.cmd = nil
}

func (s *server) dbPath() string { return filepath.Join(s.dataDir, "member", "snap", "db") }

// etcdctl runs the release's own client program against this server.
func (s *server) etcdctl(auth bool, args ...string) ([]byte, error) {
	all := []string{"--endpoints", s.clientURL}
	if auth {
		all = append(all, "--user", rootUser+":"+rootPassword)
	}
	return run(s.rel.tool("etcdctl"), append(all, args...)...)
}

// run returns a program's standard output, and its standard error inside the error.
func run(name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "ETCDCTL_API=3")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args, " "), err,
			strings.TrimSpace(stderr.String()))
	}
	return out, nil
}

// cluster is a set of members that were started together.
type cluster struct {
	members []*server
	cli     *clientv3.Client
}

func startCluster(rel *release, work string, n int, extra ...string) (*cluster, error) {
	c := &cluster{}
	var initial []string
	for i := range n {
		name := fmt.Sprintf("m%d", i)
		s, err := newServer(rel, name, filepath.Join(work, name))
		if err != nil {
			return nil, err
		}
		c.members = append(c.members, s)
		initial = append(initial, name+"="+s.peerURL)
	}
	for _, s := range c.members {
		if err := s.start(strings.Join(initial, ","), extra...); err != nil {
			return nil, err
		}
	}
	for _, s := range c.members {
		if err := s.waitUp(); err != nil {
			return nil, err
		}
	}
	if err := c.dial("", ""); err != nil {
		return nil, err
	}
	return c, c.waitStorageVersion()
}

// dial makes the client of all members; with a user once authentication is on.
func (c *cluster) dial(user, password string) error {
	cfg := clientv3.Config{DialTimeout: 10 * time.Second, Logger: zap.NewNop(), Username: user, Password: password}
	for _, s := range c.members {
		cfg.Endpoints = append(cfg.Endpoints, s.clientURL)
	}
	var err error
	c.cli, err = clientv3.New(cfg)
	return err
}

// waitStorageVersion waits until the cluster version is agreed upon: from 3.6 on
// the storage version is written right after it, and the snapshot should hold it.
func (c *cluster) waitStorageVersion() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		status, err := c.cli.Status(ctx, c.members[0].clientURL)
		if err != nil {
			return err
		}
		if c.members[0].rel.line < "3.6" || status.StorageVersion != "" {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(500 * time.Millisecond)
	return nil
}

func (c *cluster) stop() {
	if c.cli != nil {
		_ = c.cli.Close()
	}
	for _, s := range c.members {
		s.stop(syscall.SIGTERM)
	}
}
