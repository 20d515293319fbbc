# Apache in front of all application servers that there are.
class roboconf_apache(
  Optional[Enum['running', 'stopped']] $runningState = undef,
  Optional[Hash] $importDiff = undef,
  Optional[String] $ip = undef,
  Variant[Integer, String] $httpport = 80,
  Optional[Hash[String, Hash[String, String]]] $javaserver = undef,
) {
  package { 'httpd':
    ensure => installed,
  }

  if $javaserver {
    file { '/etc/httpd/conf.d/workers.conf':
      content => epp('roboconf_apache/workers.conf.epp', { 'servers' => $javaserver }),
      notify  => Service['httpd'],
    }
  }

  service { 'httpd':
    ensure  => $runningState,
    require => Package['httpd'],
  }
}
