// Package rpc calls the methods of an Odoo server's models. One [Client]
// speaks three protocols, and the same [Client.Call] works over each:
//
//   - JSON-RPC (/jsonrpc), Odoo 8 to 21: the one to prefer, since its errors
//     name the exception's class;
//   - XML-RPC (/xmlrpc/2), Odoo 8 to 21, for servers that offer nothing else;
//   - JSON-2 (/json/2), Odoo 19 and later, with an API key.
//
// No number passes through binary floating point: what the server wrote is
// what a [decimal.Decimal] in the reply holds, noise of the server's floats
// included, and a decimal in the arguments is sent with all of its digits.
//
// Answers are foreign bytes: their size, depth, number of values and duration
// are bounded, and one that breaks a bound is an error.
//
// Errors say what may be done about them. A [*Fault] is the server's answer:
// the call was undone, except where [Unknown] says otherwise. A
// [*TransportError] means that there was no answer to read; its [Outcome] says
// whether the call may have taken effect all the same. No error, and no value
// of this package however it is printed, holds a password or a key.
//
// What the package leaves out: sessions and cookies, the db service, and every
// retry but one, after a login that has expired.
package rpc
