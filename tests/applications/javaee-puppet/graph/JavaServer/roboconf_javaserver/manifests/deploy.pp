# Installs the server.
class roboconf_javaserver::deploy(
  $runningState = 'stopped',
  String $home = '/opt/jboss',
  $ip = undef,
  $httpport = 8080,
  $ajpport = 8009,
  String $heap = '2g', # a comma, in a comment
  $oracle = undef,
  $jmsbridge = undef,
) {
  package { ['java-11-openjdk-headless', 'unzip']:
    ensure => installed,
  }
  -> exec { 'unpack the server':
    command => "/usr/bin/unzip -q /srv/packages/jboss.zip -d ${home}",
    creates => "${home}/bin/standalone.sh",
  }
}
