package server

// Peer is peer, for tests.
var Peer = peer
