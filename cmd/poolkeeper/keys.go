package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

func (p *program) keysCommand() *cobra.Command {
	keys := &cobra.Command{
		Use: "keys",
		Long: `Make, list, switch off and delete the access keys that sign requests: those of the
account's root, or with --user those of a user. The server may run or not.`,
	}
	for _, command := range []func(*string) *cobra.Command{
		p.createKeyCommand, p.listKeysCommand,
		func(user *string) *cobra.Command {
			return p.switchKeyCommand(user, "deactivate", "Inactive", "%s is inactive: requests signed with it are refused from now on.\n")
		},
		func(user *string) *cobra.Command {
			return p.switchKeyCommand(user, "activate", "Active", "%s is active: it signs requests again.\n")
		},
		p.deleteKeyCommand,
	} {
		user := new(string)
		c := command(user)
		c.Flags().StringVar(user, "user", "", "the `name` of the user whose keys they are (default: the account's root)")
		keys.AddCommand(c)
	}
	return keys
}

func (p *program) createKeyCommand(user *string) *cobra.Command {
	return controlCommand(p, api.IAM, "create", "CreateAccessKey", func(_ []string, in *api.CreateAccessKeyInput) {
		in.UserName = *user
	}, noArgs, func(w io.Writer, out *api.CreateAccessKeyOutput) {
		fmt.Fprintf(w, "export AWS_ACCESS_KEY_ID=%s\nexport AWS_SECRET_ACCESS_KEY=%s\n", out.AccessKey.AccessKeyId, string(out.AccessKey.SecretAccessKey))
	})
}

func (p *program) listKeysCommand(user *string) *cobra.Command {
	return controlCommand(p, api.IAM, "list", "ListAccessKeys", func(_ []string, in *api.ListAccessKeysInput) {
		in.UserName = *user
	}, noArgs, func(w io.Writer, out *api.ListAccessKeysOutput) {
		table(w, "ACCESS KEY\tUSER\tSTATUS\tCREATED", func(row func(...any)) {
			for _, k := range out.AccessKeyMetadata {
				holder := k.UserName
				if holder == "" {
					holder = "(root)"
				}
				row(k.AccessKeyId, holder, k.Status, stamp(k.CreateDate))
			}
		})
	})
}

func (p *program) switchKeyCommand(user *string, word, status, done string) *cobra.Command {
	var id string
	c := controlCommand(p, api.IAM, word+" ACCESS_KEY_ID", "UpdateAccessKey", func(args []string, in *api.UpdateAccessKeyInput) {
		id = args[0]
		in.UserName, in.AccessKeyId, in.Status = *user, id, status
	}, exactArgs(1), func(w io.Writer, _ *struct{}) { fmt.Fprintf(w, done, id) })
	c.Short = "Set an access key of a user to " + status + "."
	return c
}

func (p *program) deleteKeyCommand(user *string) *cobra.Command {
	var id string
	return controlCommand(p, api.IAM, "delete ACCESS_KEY_ID", "DeleteAccessKey", func(args []string, in *api.DeleteAccessKeyInput) {
		id = args[0]
		in.UserName, in.AccessKeyId = *user, id
	}, exactArgs(1), func(w io.Writer, _ *struct{}) {
		fmt.Fprintf(w, "%s is deleted: requests signed with it are refused from now on.\n", id)
	})
}
