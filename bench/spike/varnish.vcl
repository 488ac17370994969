# Varnish as a cache that limits the free class. What stands between @ signs is filled in by
# limited.py; the parameters of the command line are in compare/varnish.py.
vcl 4.1;

import vsthrottle;

backend origin {
  .host = "@ORIGIN_ADDRESS@";
  .port = "@ORIGIN_PORT@";
}

acl free_class {
  "127.2.0.0"/16;
}

sub vcl_recv {
  # One key: what they may have together is what fits beside premium.
  if (client.ip ~ free_class && vsthrottle.is_denied("free", @FREE_RATE@, 1s)) {
    return (synth(429));
  }
}
