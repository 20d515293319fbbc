# Writes the data source, and starts the server.
class roboconf_javaserver::start(
  $runningState = 'running',
  String $home = '/opt/jboss',
  $ip = undef,
  $httpport = 8080,
  $ajpport = 8009,
  String $heap = '2g',
  Hash $oracle = {},
  $jmsbridge = undef,
) {
  $databases = $oracle.map |$path, $each| { "jdbc:oracle:thin:@${each['ip']}:${each['port']}:${each['sid']}" }
  file { "${home}/standalone/configuration/claims.properties":
    content => join(["url = ${databases[0]}", "heap = ${heap}", ''], "\n"),
  }
  ~> service { 'jboss':
    ensure => $runningState,
  }
}
