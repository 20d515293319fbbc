"""Digests differ exactly when what matters differs."""

from dataclasses import replace

from roboconf_core.messages.digest import digest_of_publications, digest_of_reports
from roboconf_core.messages.types import Epoch, InstanceReported, Publication
from roboconf_core.model.lifecycle import Status

PUBLICATION = Publication(
    agent="app/vm",
    instance="i1",
    path="/vm/db",
    component="Db",
    prefix="Db",
    epoch=Epoch(1, 1, 0),
    sequence=4,
    variables={"Db.ip": "10.0.0.1"},
)
OTHER = replace(PUBLICATION, instance="i2", sequence=5)
REPORT = InstanceReported(
    instance="i1",
    path="/vm/db",
    epoch=Epoch(1, 1, 0),
    sequence=4,
    status=Status.DEPLOYED_STARTED,
    generation=1,
    since=0.0,
)


def test_the_order_does_not_matter():
    assert digest_of_publications([PUBLICATION, OTHER]) == digest_of_publications([OTHER, PUBLICATION])
    other = replace(REPORT, instance="i2")
    assert digest_of_reports([REPORT, other]) == digest_of_reports([other, REPORT])


def test_withdrawals_do_not_count():
    withdrawn = replace(OTHER, variables=None)
    assert digest_of_publications([PUBLICATION, withdrawn]) == digest_of_publications([PUBLICATION])
    assert digest_of_publications([withdrawn]) == digest_of_publications([])


def test_empty_exports_count():
    assert digest_of_publications([replace(PUBLICATION, variables={})]) != digest_of_publications([])


def test_each_part_of_the_identity_matters():
    base = digest_of_publications([PUBLICATION])
    changes = ({"instance": "x"}, {"prefix": "x"}, {"epoch": Epoch(1, 2, 0)}, {"sequence": 5})
    assert base not in {digest_of_publications([replace(PUBLICATION, **change)]) for change in changes}
    reports = ({"instance": "x"}, {"epoch": Epoch(2, 1, 0)}, {"sequence": 5})
    assert digest_of_reports([REPORT]) not in {digest_of_reports([replace(REPORT, **change)]) for change in reports}
