# Varnish as a cache. What stands between @ signs is filled in by varnish.py; the parameters of the
# command line are there too.
vcl 4.1;

backend origin {
  .host = "@ORIGIN_ADDRESS@";
  .port = "@ORIGIN_PORT@";
}

sub vcl_recv {
  if (!@IS_CACHE@) {
    return (pass);
  }
}
