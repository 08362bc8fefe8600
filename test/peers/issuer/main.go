// Command issuer is an OpenID provider for tests: zitadel/oidc, a certified implementation
// of OpenID Connect, with the in-memory storage and the login page of its example. It owns
// the clients that are registered, and TLS. Its signing key is a new one at each start.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	redirect = "https://shop.example/callback"
	// secret is that of every client.
	secret = "secret"
	// late is the client whose tokens have expired long before they are issued.
	late = "late"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "the `address` to listen on")
	certificate := flag.String("certificate", "", "a PEM `file`")
	key := flag.String("key", "", "a PEM `file`")
	flag.Parse()
	if err := serve(*listen, *certificate, *key); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(listen, certificate, key string) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	issuer := "https://" + l.Addr().String()
	clients := map[string]*storage.Client{}
	for _, id := range []string{"shop", "other", late} {
		clients[id] = storage.WebClient(id, secret, redirect)
	}
	s := expiring{storage.NewStorageWithClients(storage.NewUserStore(issuer), clients)}
	server := &http.Server{Handler: exampleop.SetupServer(issuer, s, nil, false), ReadHeaderTimeout: time.Minute}
	fmt.Printf("issuer %s\n", issuer)
	return server.ServeTLS(l, certificate, key)
}

// expiring gives one client a lifetime of tokens that no provider would.
type expiring struct{ *storage.Storage }

func (s expiring) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := s.Storage.GetClientByClientID(ctx, id)
	if err == nil && id == late {
		c = expired{c}
	}
	return c, err
}

type expired struct{ op.Client }

func (expired) IDTokenLifetime() time.Duration { return -time.Hour }
