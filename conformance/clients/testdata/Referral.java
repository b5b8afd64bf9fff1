// Referral.java: writes that Java's JNDI sends to a secondary and takes to the
// primary by itself, as LDAPv3 and as LDAPv2, and with the program's consent.
// Arguments: the URLs of the secondary and the primary, name and password of the
// administrator, suffix.

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Hashtable;
import javax.naming.AuthenticationException;
import javax.naming.Context;
import javax.naming.NameNotFoundException;
import javax.naming.NamingException;
import javax.naming.ReferralException;
import javax.naming.directory.Attributes;
import javax.naming.directory.BasicAttribute;
import javax.naming.directory.BasicAttributes;
import javax.naming.directory.DirContext;
import javax.naming.directory.ModificationItem;
import javax.naming.ldap.ExtendedRequest;
import javax.naming.ldap.ExtendedResponse;
import javax.naming.ldap.InitialLdapContext;
import javax.naming.ldap.LdapContext;

public class Referral {
    static String secondary, primary, admin, password, suffix;
    static int checks;

    // Operation is what is done on a connection.
    interface Operation {
        void on(LdapContext c) throws NamingException;
    }

    // Condition is what has to be so on the primary afterwards.
    interface Condition {
        boolean holds() throws NamingException;
    }

    static LdapContext bound(String url, String referral, String version, String dn, String secret) throws NamingException {
        Hashtable<String, String> env = new Hashtable<>();
        env.put(Context.INITIAL_CONTEXT_FACTORY, "com.sun.jndi.ldap.LdapCtxFactory");
        env.put(Context.PROVIDER_URL, url);
        env.put(Context.SECURITY_AUTHENTICATION, "simple");
        env.put(Context.SECURITY_PRINCIPAL, dn);
        env.put(Context.SECURITY_CREDENTIALS, secret);
        env.put(Context.REFERRAL, referral);
        env.put("java.naming.ldap.version", version);
        env.put("com.sun.jndi.ldap.connect.timeout", "20000");
        env.put("com.sun.jndi.ldap.read.timeout", "20000");
        return new InitialLdapContext(env, null);
    }

    // entry reads an entry from the primary; null if there is none.
    static Attributes entry(String dn) throws NamingException {
        LdapContext c = bound(primary, "ignore", "3", admin, password);
        try {
            return c.getAttributes(dn);
        } catch (NameNotFoundException e) {
            return null;
        } finally {
            c.close();
        }
    }

    static boolean logsIn(String dn, String secret) throws NamingException {
        try {
            bound(primary, "ignore", "3", dn, secret).close();
            return true;
        } catch (AuthenticationException e) {
            return false;
        }
    }

    // check does an operation at the secondary. In the way "throw" JNDI hands the
    // referral to the program, which asks where it points to; with "follow" JNDI
    // goes there without a word.
    static void check(String name, String way, String version, Operation operation, Condition condition) {
        checks++;
        String why = "";
        try {
            if (!done(bound(secondary, way, version, admin, password), way, operation)) {
                why = "the secondary took it";
            }
            if (why.isEmpty() && !condition.holds()) {
                why = "it is not so on the primary";
            }
        } catch (Exception e) {
            why = e.toString();
        }
        System.out.println(why.isEmpty() ? "ok " + name : "not ok " + name + ": " + why.replace('\n', ' ').replace('\0', ' '));
    }

    // done does an operation and tells whether it went to another server. That may
    // refer again: a secondary of a secondary does not know the primary.
    static boolean done(LdapContext c, String way, Operation operation) throws NamingException {
        for (int servers = 1;; servers++) {
            try {
                operation.on(c);
                return servers > 1 || !way.equals("throw");
            } catch (ReferralException e) {
                if (!way.equals("throw") || servers > 5) {
                    throw e;
                }
                LdapContext next = (LdapContext) e.getReferralContext();
                c.close();
                c = next;
            }
        }
    }

    // SetPassword is Password Modify (RFC 3062): SEQUENCE { [0] userIdentity, [2] newPasswd }.
    static class SetPassword implements ExtendedRequest {
        final String dn, secret;

        SetPassword(String dn, String secret) {
            this.dn = dn;
            this.secret = secret;
        }

        public String getID() {
            return "1.3.6.1.4.1.4203.1.11.1";
        }

        public byte[] getEncodedValue() {
            ByteArrayOutputStream parts = new ByteArrayOutputStream();
            part(parts, 0x80, dn);
            part(parts, 0x82, secret);
            ByteArrayOutputStream whole = new ByteArrayOutputStream();
            whole.write(0x30);
            whole.write(parts.size());
            whole.writeBytes(parts.toByteArray());
            return whole.toByteArray();
        }

        // part is for what is shorter than 128 bytes.
        static void part(ByteArrayOutputStream to, int tag, String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            to.write(tag);
            to.write(bytes.length);
            to.writeBytes(bytes);
        }

        public ExtendedResponse createExtendedResponse(String id, byte[] value, int offset, int length) {
            return null;
        }
    }

    static void all(String way, String version) {
        String name = "JNDI " + way + ", LDAPv" + version + ",", own = "java " + way + " " + version;
        String dn = "utname=" + own + "," + suffix, renamed = "utname=renamed " + own + "," + suffix;

        BasicAttributes attributes = new BasicAttributes(true);
        attributes.put("objectClass", "utUser");
        attributes.put("utname", own);
        attributes.put("userPassword", "old");
        check(name + " add", way, version, c -> c.createSubcontext(dn, attributes).close(), () -> entry(dn) != null);

        ModificationItem[] change = {new ModificationItem(DirContext.REPLACE_ATTRIBUTE, new BasicAttribute("utotherinfo", "by a referral"))};
        check(name + " modify", way, version, c -> c.modifyAttributes(dn, change),
            () -> entry(dn).get("utotherinfo").contains("by a referral"));

        check(name + " rename", way, version, c -> c.rename(dn, renamed), () -> entry(renamed) != null && entry(dn) == null);

        // Extended operations came with LDAPv3.
        if (version.equals("3")) {
            check(name + " password", way, version, c -> c.extendedOperation(new SetPassword(renamed, "by JNDI")),
                () -> logsIn(renamed, "by JNDI"));
        }

        check(name + " delete", way, version, c -> c.destroySubcontext(renamed), () -> entry(renamed) == null);
    }

    public static void main(String[] args) throws NamingException {
        secondary = args[0];
        primary = args[1];
        admin = args[2];
        password = args[3];
        suffix = args[4];
        all("follow", "3");
        all("throw", "3");
        all("follow", "2");
        all("throw", "2");

        LdapContext c = bound(secondary, "throw", "2", admin, password);
        checks++;
        System.out.println(c.getAttributes(suffix).get("o").contains("utdata") ? "ok JNDI search" : "not ok JNDI search: another entry");
        c.close();
        System.out.println(checks + " checks");
    }
}
