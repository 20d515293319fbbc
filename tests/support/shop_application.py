"""An application for editors, with everything that a name can stand for."""

from pathlib import Path

GRAPH = """# Machines.
VM {
	installer: target;
	exports: ip;
	children: Balancer, Backend;
}

import data.graph;

# What all back ends have in common.
facet Backend {
	exports: ip, port = 8080;
}

# A server 😀 of pages.
Tomcat {
	installer: bash;
	facets: Backend;
	exports: random[port] ajp, greeting = "good 😀, morning", login;
	imports: MySQL.port, MySQL.ip (optional);
}

Jetty {
	extends: Tomcat;
	exports: Backend.port = 8081;
}

Balancer {
	installer: bash;
	exports: ip;
	imports: Backend.*, Tomcat.ajp, external Other.ip (optional);
}
"""

DATA = """DataVM {
	extends: VM;
	children: MySQL;
}

MySQL {
	installer: bash;
	exports: ip, port = 3306;
}
"""

INSTANCES = """instance of VM {
	name: web;
	count: 2;

	instance of Tomcat {
		name: tomcat;
		greeting: 😀; # 😀
		Backend.port: 8085;
		login: root;
	}

	instance of Jetty {
		name: jetty;
		Backend.port: 8086;
		Jetty.port: 8087;
		Tomcat.login: root;
		Jetty.login: root;
	}
}

instance of VM {
	name: front;

	instance of Balancer {
		name: balancer;
	}
}

instance of DataVM {
	name: data;

	instance of MySQL {
		name: mysql;
		port: 3307;
	}
}
"""

DESCRIPTOR = """name = Shop
version = 1.0
dsl-id = roboconf-1.0
graph-entry-point = main.graph
instance-entry-point = model.instances
exports-prefix = Shop
exports = Tomcat.port as page_port, \\
	MySQL.port as db_port
"""


COMMANDS = """# Tomcat
define x = t$(SMART_INDEX) under /web1
create Tomcat as $(x) \\
	under /web1
deploy and start all instances of  Tomcat  # Tomcat
Stop all /web1/tomcat
"""


def write_shop(directory):
    """Write the application, which has no problem, and return its directory."""
    files = {
        "descriptor/application.properties": DESCRIPTOR,
        "graph/main.graph": GRAPH,
        "graph/data.graph": DATA,
        "instances/model.instances": INSTANCES,
        "commands/more.commands": COMMANDS,
    }
    for name in ("VM", "DataVM"):
        files[f"graph/{name}/target.properties"] = f"id = {name}\nname = {name}\nhandler = in-memory\n"
    for name in ("Tomcat", "Balancer", "MySQL"):
        files[f"graph/{name}/scripts/start.sh"] = "#!/bin/sh\n"
    for location, text in files.items():
        file = Path(directory) / location
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Path(directory)
