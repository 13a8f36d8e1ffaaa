"""Common first and last names of Europe, written for the tests of descriptors; no vocabulary may hold one as plain."""

# ruff: noqa: RUF001  Turkish names have a dotless i

FIRST = """
James John Robert Michael William David Richard Thomas Charles Daniel Matthew Anthony Paul Steven Andrew Kevin Brian
George Edward Ronald Timothy Jason Jeffrey Ryan Jacob Gary Nicholas Eric Stephen Jonathan Larry Justin Scott Brandon
Benjamin Samuel Gregory Patrick Alexander Jack Dennis Jerry Tyler Aaron Jose Henry Adam Douglas Nathan Peter Zachary
Kyle Walter Harold Jeremy Ethan Carl Keith Roger Gerald Christian Terry Sean Arthur Austin Noah Lawrence Jesse Joe
Bryan Billy Jordan Albert Dylan Bruce Willie Gabriel Alan Juan Logan Wayne Ralph Roy Eugene Randy Vincent Russell
Louis Philip Bobby Johnny Bradley Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Lisa Nancy
Betty Sandra Margaret Ashley Kimberly Emily Donna Michelle Carol Amanda Melissa Deborah Stephanie Rebecca Laura Helen
Sharon Cynthia Kathleen Amy Angela Anna Ruth Brenda Pamela Nicole Katherine Virginia Catherine Christine Samantha
Debra Janet Rachel Carolyn Emma Heather Diane Julie Joyce Victoria Kelly Christina Lauren Joan Evelyn Olivia Judith
Megan Cheryl Martha Andrea Frances Hannah Jacqueline Gloria Teresa Kathryn Sara Janice Alice Abigail Julia Judy Sophia
Denise Doris Marilyn Danielle Beverly Isabella Theresa Diana Natalie Brittany Charlotte Marie Kayla Alexis Hans Klaus
Jürgen Günter Wolfgang Uwe Heinz Dieter Manfred Stefan Andreas Matthias Thorsten Torsten Sven Jens Kai Lukas Felix
Leon Finn Jonas Maximilian Moritz Florian Sebastian Tobias Ursula Monika Petra Sabine Renate Helga Karin Brigitte
Ingrid Erika Christa Gisela Heike Birgit Kerstin Anke Silke Katrin Lena Mia Leonie Johanna Jean Pierre Jacques
Philippe Luc Henri Olivier Nicolas Laurent Frédéric Guillaume Julien Mathieu Thierry Pascal Éric Gérard Bernard
François Françoise Nathalie Isabelle Sylvie Catherine Monique Valérie Sandrine Céline Aurélie Émilie Chloé Léa Manon
Camille Inès Giuseppe Giovanni Antonio Mario Luigi Francesco Angelo Vincenzo Pietro Salvatore Marco Paolo Andrea
Alessandro Matteo Lorenzo Davide Simone Luca Giulia Chiara Francesca Federica Elisa Silvia Valentina Paola Giuseppina
Rosa Concetta Manuel José Carlos Javier Miguel Rafael Pedro Ángel Alejandro Fernando Sergio Pablo Jorge Alberto Luis
Álvaro Diego Adrián Raúl Enrique Ramón Vicente Iván Rubén Óscar Andrés Joaquín Carmen Josefa Isabel Dolores Pilar
Teresa Ana Francisca Antonia Mercedes Rosario Lucía Cristina Marta Beatriz Raquel João António Manuel Francisco Tiago
Rui Nuno Ricardo Inês Mariana Joana Catarina Jan Pieter Kees Willem Hendrik Cornelis Gerrit Dirk Jeroen Maarten Bas
Sander Marieke Saskia Anneke Femke Piotr Krzysztof Andrzej Tomasz Paweł Marcin Michał Marek Grzegorz Jerzy Adam Łukasz
Zbigniew Ryszard Kazimierz Anna Katarzyna Małgorzata Agnieszka Barbara Ewa Krystyna Elżbieta Magdalena Zofia Jadwiga
Jiří Jan Petr Josef Pavel Jaroslav Martin Tomáš Miroslav František Zdeněk Václav Jana Eva Hana Věra Alena Lenka
Kateřina Lucie Jozef Štefan Juraj Ľubica Zuzana Andrej László István József János Zoltán Sándor Gábor Ferenc Attila
Péter Tamás Katalin Ildikó Erzsébet Zsuzsanna Ágnes Ion Gheorghe Vasile Constantin Nicolae Mihai Alexandru Andrei
Ștefan Ioana Elena Mihaela Ivan Marko Josip Tomislav Željko Ivana Marija Milan Dragan Zoran Goran Jelena Milica Franc
Janez Marjan Mojca Nataša Jonas Mantas Tomas Vytautas Rasa Jānis Andris Juris Inese Georgios Dimitrios Konstantinos
Ioannis Nikolaos Panagiotis Maria Eleni Aikaterini Vasiliki Sofia Lars Anders Mikael Johan Karl Per Nils Erik Olof
Gustav Björn Astrid Ingrid Birgitta Kristina Bjørn Kjell Terje Øyvind Kari Solveig Jørgen Søren Niels Mette Hanne
Kirsten Juhani Timo Matti Mikko Antti Jukka Pekka Tuula Anne Riitta Päivi Mehmet Mustafa Ahmet Hüseyin İbrahim Osman
Fatma Ayşe Emine Hatice Zeynep Elif Ivanka Dimitar Stoyan Todor
"""

LAST = """
Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright Thompson Evans Walker White Roberts Green Hall
Wood Jackson Clarke Clark Patel Khan Lewis James Phillips Mason Mitchell Rose Davis Rodriguez Cox Alexander Morgan
Moore Mills King Adams Garcia Martinez Anderson Harris Martin Lee Gonzalez Hernandez Young Hill Scott Baker Carter
Turner Collins Edwards Stewart Morris Murphy Cook Rogers Reed Bailey Cooper Richardson Howard Ward Torres Peterson
Gray Ramirez Watson Brooks Kelly Sanders Price Bennett Barnes Ross Henderson Coleman Jenkins Perry Powell Patterson
Hughes Flores Washington Butler Simmons Foster Bryant Russell Griffin Hayes Müller Schmidt Schneider Fischer Weber
Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Braun
Krüger Hofmann Hartmann Lange Schmitt Werner Krause Meier Lehmann Schmid Schulze Maier Köhler Herrmann König Walter
Mayer Huber Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung Hahn Schubert Vogel Friedrich Keller Günther Frank Berger
Winkler Roth Beck Lorenz Baumann Franke Albrecht Schuster Simon Ludwig Böhm Winter Kraus Martin Schumacher Krämer Vogt
Otto Jäger Groß Sommer Seidel Heinrich Brandt Haas Schreiber Graf Dietrich Ziegler Kuhn Pohl Engel Horn Busch Bergmann
Voigt Sauer Arnold Pfeiffer Gruber Steiner Egger Moser Dupont Durand Leroy Moreau Lefebvre Lefèvre Bertrand Roux
Fournier Girard Bonnet Mercier Blanc Guérin Boyer Garnier Chevalier François Legrand Gauthier Perrin Morel Nicolas
Mathieu Clément Dumont Fontaine Rousseau Vincent Lemaire Masson Marchand Meunier Rossi Russo Ferrari Esposito Bianchi
Romano Colombo Ricci Marino Greco Bruno Gallo Conti De Luca Mancini Costa Giordano Rizzo Lombardi Moretti Barbieri
Fontana Santoro Mariani Rinaldi Caruso Ferrara Galli Martini Leone Longo Gentile Martinelli Vitale Serra Coppola
García Fernández González Rodríguez López Martínez Sánchez Pérez Gómez Martín Jiménez Ruiz Hernández Díaz Moreno
Álvarez Muñoz Romero Alonso Gutiérrez Navarro Domínguez Vázquez Gil Ramos Serrano Blanco Molina Morales Suárez Ortega
Delgado Castro Ortiz Rubio Marín Sanz Núñez Iglesias Medina Garrido Silva Santos Ferreira Pereira Oliveira Rodrigues
Martins Sousa Fernandes Gonçalves Gomes Lopes Marques Almeida Ribeiro Pinto Carvalho Teixeira Moreira Correia Mendes
Nunes Soares Vieira Monteiro Cardoso Rocha Neves Coelho Jansen Bakker Visser Smit Meijer Mulder Bos Vos Hendriks
Dekker Brouwer Dijkstra Smits Kok Jacobs Vermeulen Schouten Willems Hoekstra Koster Prins Peeters Janssens Maes
Mertens Claes Nowak Kowalski Kowalska Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Szymański Woźniak
Dąbrowski Kozłowski Jankowski Mazur Wojciechowski Kwiatkowski Krawczyk Kaczmarek Piotrowski Grabowski Zając Pawłowski
Michalski Król Wieczorek Novák Nováková Svoboda Novotný Dvořák Černý Procházka Kučera Veselý Horák Němec Marek Pokorný
Pospíšil Hájek Jelínek Král Růžička Beneš Fiala Sedláček Kovács Szabó Tóth Horváth Varga Kiss Molnár Németh Farkas
Balogh Papp Takács Juhász Lakatos Mészáros Popescu Ionescu Popa Radu Stan Dumitru Stoica Gheorghe Matei Ciobanu Horvat
Kovačević Babić Marić Jurić Novak Knežević Vuković Petrović Jovanović Nikolić Marković Đorđević Stojanović Ilić
Stanković Pavlović Kovačič Krajnc Zupančič Potočnik Kazlauskas Petrauskas Jankauskas Stankevičius Bērziņš Kalniņš
Ozoliņš Liepiņš Papadopoulos Papadopoulou Georgiou Dimitriou Nikolaou Pappas Karagiannis Vlahos Johansson Andersson
Karlsson Nilsson Eriksson Larsson Olsson Persson Svensson Gustafsson Pettersson Jonsson Jansson Hansson Bengtsson
Lindberg Lindqvist Lindgren Berg Axelsson Bergström Hansen Johansen Olsen Larsen Andersen Pedersen Nilsen Kristiansen
Jensen Karlsen Nielsen Christensen Rasmussen Sørensen Jørgensen Madsen Petersen Møller Mortensen Korhonen Virtanen
Mäkinen Nieminen Mäkelä Hämäläinen Laine Heikkinen Koskinen Järvinen Lehtonen Lehtinen Saarinen Yılmaz Kaya Demir
Şahin Çelik Yıldız Yıldırım Öztürk Aydın Özdemir Arslan Doğan Kılıç Aslan Çetin Ivanov Georgiev Dimitrov Petrov
"""


def first_names() -> list[str]:
    return sorted(set(FIRST.split()))


def last_names() -> list[str]:
    return sorted(set(LAST.split()) - {"De", "Luca"})
