// Package messaging is the messaging layer that ships inside: one-to-one
// chats, a mailbox, notifications with replies, and calls as signalling. It
// asks the gate before each operation and each delivery, and takes away or
// gives back what an open connection hears the moment the gate changes.
//
// Clients connect by WebSocket with the protocol of the centrifuge library and
// call methods; programs call the same methods through Server.Call. A method
// that a stage took away answers with a *Refusal. What happens to a person is
// published on lines of their own (see lines), and a connection is joined to
// exactly those lines that its person may hear.
//
// Bodies are opaque: they are kept in the Mailbox and relayed, and never
// logged. A sender or caller is told the same whether the other side is
// offline, suspended or has blocked them.
package messaging
