"""The bill of materials of an installation: CycloneDX JSON, made from requirements.lock."""

from __future__ import annotations

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.contrib.this.builders import this_component
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from daemon import VERSION
from tests.supply.packages import Package


def sbom(found: list[Package]) -> str:
    """Return a CycloneDX 1.6 document (JSON) of the program and the packages it needs."""
    bom = Bom()
    bom.metadata.tools.components.add(this_component())
    program = Component(
        name="run-fno-paper",
        version=VERSION,
        type=ComponentType.APPLICATION,
        bom_ref="run-fno-paper",
        licenses=[LicenseFactory().make_from_string("MIT")],
    )
    bom.metadata.component = program
    components = {each.name: _component(each) for each in found}
    for component in components.values():
        bom.components.add(component)
    for each in found:
        needed = [components[name] for name in each.requires]
        bom.register_dependency(components[each.name], needed)
    bom.register_dependency(program, components.values())
    return JsonV1Dot6(bom).output_as_string(indent=2)


def _component(package: Package) -> Component:
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{package.name}=={package.version}",
        purl=PackageURL("pypi", None, package.name, package.version),
        licenses=[LicenseFactory().make_from_string(package.licence)],
    )
