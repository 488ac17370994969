"""Who takes part, in the order of the tables."""

from floor import Floor
from h2o import H2o
from haproxy import Haproxy
from nghttpd import Nghttpd
from nginx import Nginx
from peer import Options, Peer
from selvedge import Selvedge
from trafficserver import TrafficServer
from varnish import Varnish

__all__ = ["PEERS", "Options", "Peer"]

_TYPES = (Floor, Selvedge, Nginx, Varnish, Haproxy, TrafficServer, H2o, Nghttpd)
PEERS: dict[str, type[Peer]] = {peer.name: peer for peer in _TYPES}
